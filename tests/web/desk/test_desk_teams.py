"""Teams and projects at the desk: made, filled, emptied, and deleted with an eye on the rules that name them."""

from __future__ import annotations

import pytest

from tocsin.rules.save import save
from tocsin.rules.spec import Place
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Project, Team, TeamMember

HOSTILE = "<script>alert(1)</script>"


def html(answer) -> str:
    return answer.content.decode()


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


@pytest.fixture
def ops(acme):
    return Team.objects.create(organization=acme, slug="ops", name="Ops")


@pytest.mark.parametrize("kind", ["teams", "projects"])
def test_one_is_made_and_its_short_name_of_its_name(desk, at, kind):
    assert "There is no" in html(desk.get(at(kind)))
    page = html(desk.post(at(kind), {"name": "Night Shift", "slug": ""}, follow=True))
    assert "“Night Shift” is made." in page
    assert "<code>night-shift</code>" in page
    assert actions() == [f"{kind[:-1]}.create"]


@pytest.mark.parametrize("kind", ["teams", "projects"])
def test_what_is_wrong_stands_beside_its_field(desk, at, kind):
    for name, slug, said in [
        ("", "x", "This field is required."),
        ("日本", "", "Use small letters a to z"),
        ("Ops", "A b", "Use small letters a to z"),
        (HOSTILE, "-", "Use small letters a to z"),
        ("n" * 201, "x", "at most 200 characters"),
    ]:
        answer = desk.post(at(kind), {"name": name, "slug": slug})
        assert answer.status_code == 422
        page = html(answer)
        assert said in page
        assert HOSTILE not in page
        assert f'value="{slug}"' in page or not slug
    assert not actions()


@pytest.mark.parametrize("kind", ["teams", "projects"])
def test_made_twice_is_made_once(desk, at, kind):
    answers = [desk.post(at(kind), {"name": "Ops", "slug": "ops"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 422]
    assert "is taken" in html(answers[1])
    assert len(actions()) == 1


def test_a_member_joins_and_leaves(desk, ops, person, at):
    ben = person("ben", acme="member")
    assert "Nobody is in this team yet." in html(desk.get(at("team", "ops")))
    for _ in range(2):
        page = html(desk.post(at("team", "ops"), {"change": "join", "user": "ben"}, follow=True))
        assert "ben is in the team now." in page
        assert "ben@example.org" in page
    page = html(desk.post(at("team-leave", "ops"), {"user": ben.pk}, follow=True))
    assert "ben has left the team." in page
    again = html(desk.post(at("team-leave", "ops"), {"user": ben.pk}, follow=True))
    assert "They were not in the team." in again
    assert actions() == ["team.join", "team.leave"]


def test_who_is_no_member_does_not_join(desk, ops, person, at):
    person("zoe")
    answer = desk.post(at("team", "ops"), {"change": "join", "user": "zoe"})
    assert answer.status_code == 422
    assert "is no member of acme" in html(answer)
    assert 'value="zoe"' in html(answer)
    assert not TeamMember.objects.exists()


def test_somebody_looks_after_a_team(desk, ops, person, at):
    eva = person("eva")
    desk.post(at("team", "ops"), {"change": "manager", "manager": "eva"})
    ops.refresh_from_db()
    assert ops.account_manager == eva
    assert "looked after by eva" in html(desk.get(at("teams")))


def rule(acme, **given) -> None:
    save({"event_types": ["*"], **given}, Place(acme.pk, None), "test")


def test_the_rules_that_name_a_team_are_said_before_it_goes(desk, acme, ops, person, at):
    person("ben", acme="member")
    rule(acme, name="Alarms for Ops", to=["team:ops"])
    rule(acme, name="In full", to=["team:acme/ops", "user:ben"])
    rule(acme, name="Who looks after", to=["account_manager:team=ops"])
    rule(acme, name="Something else", to=["user:ben"])
    page = html(desk.get(at("team-delete", "ops")))
    for name in ("Alarms for Ops", "In full", "Who looks after"):
        assert name in page
    assert "Something else" not in page
    assert Team.objects.count() == 1
    assert "“Ops” is deleted." in html(desk.post(at("team-delete", "ops"), follow=True))
    assert not Team.objects.exists()
    assert actions()[-1] == "team.delete"


def test_the_rules_that_are_bound_to_a_project_are_said_before_it_goes(desk, acme, person, at):
    person("ben", acme="member")
    Project.objects.create(organization=acme, slug="shop", name="Shop")
    assert "No rule names it." in html(desk.get(at("project-delete", "shop")))
    rule(acme, name="Shop alarms", to=["user:ben"], projects=["shop"])
    assert "Shop alarms" in html(desk.get(at("project-delete", "shop")))
    desk.post(at("project-delete", "shop"))
    assert not Project.objects.exists()


def test_anothers_are_missing_byte_for_byte(desk, globex, at):
    Team.objects.create(organization=globex, slug="theirs", name="Theirs")
    Project.objects.create(organization=globex, slug="theirs", name="Theirs")
    for name in ("team", "team-delete", "project-delete"):
        answers = [desk.get(at(name, slug)) for slug in ("theirs", "nobodys")]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].content == answers[1].content
        assert desk.post(at(name, "theirs"), {"change": "join"}).status_code == 404
    assert desk.post(at("team-leave", "theirs"), {"user": 1}).status_code == 404
    assert Team.objects.exists()
    assert Project.objects.exists()


def test_a_team_costs_the_same_for_one_and_for_many(desk, ops, person, at, django_assert_max_num_queries):
    TeamMember.objects.create(team=ops, user=person("ben", acme="member"))
    with django_assert_max_num_queries(20) as few:
        desk.get(at("team", "ops"))
    for number in range(10):
        TeamMember.objects.create(team=ops, user=person(f"p{number}", acme="member"))
    with django_assert_max_num_queries(len(few)):
        desk.get(at("team", "ops"))
