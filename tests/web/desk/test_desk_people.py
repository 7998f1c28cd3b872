"""Members at the desk: who may change whom, what is said where it may not be, and that it is on record."""

from __future__ import annotations

import pytest

from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Membership, Role, Team, TeamMember

HOSTILE = "<script>alert(1)</script>"


def html(answer) -> str:
    return answer.content.decode()


def entries() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("by", "action", "subject"))


def test_an_empty_desk_says_what_to_do_first(acme, person, browse, at):
    page = html(browse(person("root", is_superuser=True)).get(at("people")))
    assert "Nobody belongs to this organization yet." in page
    assert "Add the first person below." in page


def test_the_list_tells_role_team_and_who_looks_after(desk, acme, ana, person, at):
    ben = person("ben", acme="manager")
    team = Team.objects.create(organization=acme, slug="ops", name="Ops")
    TeamMember.objects.create(team=team, user=ben)
    Membership.objects.filter(user=ben).update(account_manager=ana)
    page = html(desk.get(at("people")))
    for told in (
        "ben@example.org",
        "Manager",
        "looked after by ana",
        at("team", "ops"),
        at("person", ben.pk),
    ):
        assert told in page


def test_the_list_costs_the_same_for_one_and_for_many(desk, acme, person, at, django_assert_max_num_queries):
    team = Team.objects.create(organization=acme, slug="ops", name="Ops")
    with django_assert_max_num_queries(20) as few:
        desk.get(at("people"))
    for number in range(12):
        TeamMember.objects.create(team=team, user=person(f"p{number}", acme="member"))
    with django_assert_max_num_queries(len(few)):
        assert "p11" in html(desk.get(at("people")))


def test_somebody_is_found_among_many(desk, person, at, monkeypatch):
    monkeypatch.setattr("tocsin.web.desk.who.PAGE", 2)
    for name in ("ben", "cleo", "dan"):
        person(name, acme="member")
    first = html(desk.get(at("people")))
    assert "Page 1 of 2" in first
    assert "dan@" not in first
    assert "dan@" in html(desk.get(at("people"), {"page": 2}))
    found = html(desk.get(at("people"), {"q": "DAN"}))
    assert "dan@" in found
    assert "ben@" not in found
    nobody = html(desk.get(at("people"), {"q": HOSTILE}))
    assert "Nobody here is called" in nobody
    assert HOSTILE not in nobody


def test_a_person_is_added_by_their_name(desk, acme, ana, person, at):
    ben = person("ben")
    answer = desk.post(at("people"), {"user": "ben", "role": "manager"}, follow=True)
    assert "ben belongs to Acme now." in html(answer)
    assert Membership.objects.get(user=ben, organization=acme).role == Role.MANAGER
    assert entries() == [(f"user {ana.pk}", "member.role", f"user:{ben.pk}")]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "Nobody is called “nobody”."),
        ("", "This field is required."),
        (HOSTILE, "Nobody is called"),
        ("a\x00b", "Null characters are not allowed."),
        ("ana", "They belong here already."),
    ],
)
def test_who_cannot_be_added_is_said_and_nothing_typed_is_lost(desk, at, name, said):
    answer = desk.post(at("people"), {"user": name, "role": "manager"})
    page = html(answer)
    assert answer.status_code == 422
    assert said in page
    assert HOSTILE not in page
    assert '<option value="manager" selected>' in page
    assert Membership.objects.count() == 1


def test_a_key_is_no_name(desk, person, at):
    ben = person("ben")
    assert desk.post(at("people"), {"user": str(ben.pk), "role": "member"}).status_code == 422


def test_added_twice_is_added_once(desk, person, at):
    person("ben")
    answers = [desk.post(at("people"), {"user": "ben", "role": "member"}).status_code for _ in range(2)]
    assert answers == [302, 422]
    assert len(entries()) == 1


def test_a_role_is_changed(desk, ana, person, at):
    ben = person("ben", acme="member")
    answer = desk.post(at("person", ben.pk), {"change": "role", "role": "admin"}, follow=True)
    assert "It is kept." in html(answer)
    assert Membership.objects.get(user=ben).role == Role.ADMIN
    desk.post(at("person", ben.pk), {"change": "role", "role": "admin"})
    assert entries() == [(f"user {ana.pk}", "member.role", f"user:{ben.pk}")]


def test_the_last_owner_stays_one(desk, ana, at):
    answer = desk.post(at("person", ana.pk), {"change": "role", "role": "member"})
    assert answer.status_code == 422
    assert "An organization keeps at least one owner." in html(answer)
    removed = desk.post(at("person-remove", ana.pk))
    assert removed.status_code == 422
    assert "An organization keeps at least one owner." in html(removed)
    assert Membership.objects.get(user=ana).role == Role.OWNER


def test_an_administrator_makes_no_owners(acme, person, browse, at):
    client = browse(person("ben", acme="admin"))
    cleo, owner = person("cleo", acme="member"), person("dan", acme="owner")
    assert 'value="owner"' not in html(client.get(at("person", cleo.pk)))
    assert client.post(at("person", cleo.pk), {"change": "role", "role": "owner"}).status_code == 422
    refused = client.post(at("person", owner.pk), {"change": "role", "role": "member"})
    assert "Only an owner makes owners" in html(refused)
    assert client.post(at("person-remove", owner.pk)).status_code == 422
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


def test_whoever_gives_the_desk_away_is_led_to_their_inbox(ana, desk, person, at):
    person("ben", acme="owner")
    answer = desk.post(at("person", ana.pk), {"change": "role", "role": "member"})
    assert answer["Location"] == "/tocsin/inbox/"
    assert desk.get(at("people")).status_code == 404


def test_an_account_manager_is_named_and_taken_away(desk, ana, person, at):
    ben = person("ben", acme="member")
    eva = person("eva")
    desk.post(at("person", ben.pk), {"change": "manager", "manager": "eva"})
    assert Membership.objects.get(user=ben).account_manager == eva
    wrong = desk.post(at("person", ben.pk), {"change": "manager", "manager": "nobody"})
    assert wrong.status_code == 422
    assert 'value="nobody"' in html(wrong)
    desk.post(at("person", ben.pk), {"change": "manager", "manager": ""})
    assert Membership.objects.get(user=ben).account_manager is None
    assert [action for _by, action, _subject in entries()] == ["account_manager"] * 2


def test_what_follows_is_said_before_somebody_is_removed(desk, acme, person, at):
    ben = person("ben", acme="member")
    TeamMember.objects.create(team=Team.objects.create(organization=acme, slug="ops", name="Ops"), user=ben)
    page = html(desk.get(at("person-remove", ben.pk)))
    assert "They leave these teams: Ops." in page
    assert Membership.objects.filter(user=ben).exists()
    answer = desk.post(at("person-remove", ben.pk), follow=True)
    assert "ben has left Acme." in html(answer)
    assert not Membership.objects.filter(user=ben).exists()
    assert desk.post(at("person-remove", ben.pk)).status_code == 404


def test_another_organizations_people_are_missing_byte_for_byte(desk, globex, person, at):
    theirs = person("zoe", globex="member")
    for name in ("person", "person-remove"):
        answers = [desk.get(at(name, key)) for key in (theirs.pk, 999999, "x", "9" * 30)]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1
        assert desk.post(at(name, theirs.pk)).status_code == 404


def test_a_hostile_name_is_text(desk, person, at, django_user_model):
    evil = django_user_model.objects.create_user(HOSTILE, "evil@example.org")
    person("ben", acme="member")
    assert HOSTILE not in html(desk.post(at("people"), {"user": HOSTILE, "role": "member"}, follow=True))
    for page in (at("people"), at("person", evil.pk), at("person-remove", evil.pk)):
        assert HOSTILE not in html(desk.get(page))
