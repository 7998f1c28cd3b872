"""Organizations, teams and members in Django's admin: the domain's rules hold, and its audit log knows of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.admin import UserAdmin
from django.urls import reverse

from tocsin.tenants import members
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Membership, Organization, Project, Role, Team, TeamMember

pytestmark = pytest.mark.django_db

ADMIN = "/admin/tocsin/"


@pytest.fixture
def ana(person, acme):
    return person("ana", acme="owner")


def people(*users, taken=()):
    """The fields of a team's people: those who are in it, those who are put in."""
    fields = {"members-TOTAL_FORMS": len(taken) + len(users), "members-INITIAL_FORMS": len(taken)}
    for index, row in enumerate(taken):
        fields |= {f"members-{index}-id": row.pk, f"members-{index}-team": row.team_id,
                   f"members-{index}-DELETE": "on"}  # fmt: skip
    return fields | {f"members-{len(taken) + index}-user": user.pk for index, user in enumerate(users)}


def audited():
    return [(one.action, one.subject, one.after) for one in AuditEntry.objects.order_by("pk")]


def errors(answer):
    return answer.context["adminform"].form.errors


def test_an_organization_is_made_with_all_it_says(desk, root):
    given = {"slug": "initech", "name": "Initech", "time_zone": "Europe/Oslo", "account_manager": root.pk}
    assert desk.post(f"{ADMIN}organization/add/", given).status_code == 302
    made = Organization.objects.get(slug="initech")
    assert (made.name, made.time_zone, made.account_manager) == ("Initech", "Europe/Oslo", root)
    assert audited() == [
        ("organization.create", "org:initech", {"name": "Initech"}),
        ("organization.change", "org:initech", {"time_zone": "Europe/Oslo"}),
        ("account_manager", "org:initech", {"user": str(root.pk)}),
    ]
    assert {one.by for one in AuditEntry.objects.all()} == {f"user {root.pk}"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"slug": "acme"}, "slug"),
        ({"slug": "Ini_Tech"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
    ],
)
def test_what_is_wrong_with_an_organization_is_told_at_its_field(desk, acme, given, field):
    answer = desk.post(f"{ADMIN}organization/add/", {"slug": "initech", "name": "Initech"} | given)
    assert list(errors(answer)) == [field]
    assert Organization.objects.filter(name="Initech").count() == 0
    assert audited() == []


def test_a_name_is_changed_and_a_slug_is_not(desk, acme):
    answer = desk.post(f"{ADMIN}organization/{acme.pk}/change/", {"slug": "other", "name": "ACME"})
    assert answer.status_code == 302
    acme.refresh_from_db()
    assert (acme.slug, acme.name) == ("acme", "ACME")
    assert audited() == [("organization.change", "org:acme", {"name": "ACME"})]
    assert AuditEntry.objects.get().before == {"name": "Acme"}
    desk.post(f"{ADMIN}organization/{acme.pk}/change/", {"name": "ACME"})
    assert len(audited()) == 1


def test_an_organization_is_not_deleted(desk, acme):
    assert desk.post(f"{ADMIN}organization/{acme.pk}/delete/", {"post": "yes"}).status_code == 403


def test_projects_are_made_renamed_and_deleted_on_record(desk, acme):
    desk.post(f"{ADMIN}project/add/", {"organization": acme.pk, "slug": "web", "name": "Web"})
    project = Project.objects.get()
    desk.post(f"{ADMIN}project/{project.pk}/change/", {"name": "Site"})
    desk.post(f"{ADMIN}project/{project.pk}/delete/", {"post": "yes"})
    assert [action for action, *_ in audited()] == ["project.create", "project.change", "project.delete"]
    assert not Project.objects.exists()


def test_a_team_is_made_with_its_people_and_changed(desk, acme, ana, person):
    ben = person("ben", acme="member")
    desk.post(f"{ADMIN}team/add/", {"organization": acme.pk, "slug": "ops", "name": "Ops"} | people(ana))
    team = Team.objects.get()
    taken = team.members.get()
    assert taken.user == ana
    page = f"{ADMIN}team/{team.pk}/change/"
    assert desk.post(page, {"name": "Ops"} | people(ben, taken=[taken])).status_code == 302
    assert [one.user for one in team.members.all()] == [ben]
    assert [action for action, *_ in audited()] == ["team.create", "team.join", "team.leave", "team.join"]


def test_who_is_no_member_of_the_organization_cannot_be_in_its_team(desk, acme, person):
    cleo = person("cleo")
    given = {"organization": acme.pk, "slug": "ops", "name": "Ops"}
    answer = desk.post(f"{ADMIN}team/add/", given | people(cleo))
    assert "cleo is no member of acme. Make them one first." in answer.text
    assert not Team.objects.exists()
    assert audited() == []
    team = members.make_team(acme, "dev", "x")
    answer = desk.post(f"{ADMIN}teammember/add/", {"team": team.pk, "user": cleo.pk})
    assert "cleo is no member of acme" in errors(answer)["user"][0]
    assert not TeamMember.objects.exists()


def test_the_people_of_a_large_team_have_a_list_of_their_own(desk, acme, ana, person, monkeypatch):
    monkeypatch.setattr("tocsin.web.admin.tenants.MOST_SHOWN", 0)
    team = members.make_team(acme, "ops", "x")
    members.join(team, ana, "x")
    page = desk.get(f"{ADMIN}team/{team.pk}/change/").text
    assert "members-TOTAL_FORMS" not in page
    assert f"/admin/tocsin/teammember/?team={team.pk}" in page
    row = TeamMember.objects.get()
    assert "ana" in desk.get(f"{ADMIN}teammember/", {"team": team.pk}).text
    desk.post(f"{ADMIN}teammember/{row.pk}/delete/", {"post": "yes"})
    ben = person("ben", acme="member")
    desk.post(f"{ADMIN}teammember/add/", {"team": team.pk, "user": ben.pk})
    assert [one.user for one in team.members.all()] == [ben]
    assert [action for action, *_ in audited()][-2:] == ["team.leave", "team.join"]


def test_a_member_is_made_and_given_another_role_on_record(desk, acme, ana, root, person):
    ben = person("ben")
    given = {"organization": acme.pk, "user": ben.pk, "role": "member"}
    desk.post(f"{ADMIN}membership/add/", given)
    member = Membership.objects.get(user=ben)
    desk.post(f"{ADMIN}membership/{member.pk}/change/", {"role": "manager", "account_manager": ana.pk})
    member.refresh_from_db()
    assert (member.role, member.account_manager) == ("manager", ana)
    twice = desk.post(f"{ADMIN}membership/add/", given)
    assert "already exists" in str(errors(twice))
    assert audited() == [
        ("member.role", f"user:{ben.pk}", {"role": "member"}),
        ("member.role", f"user:{ben.pk}", {"role": "manager"}),
        ("account_manager", f"user:{ben.pk}", {"user": str(ana.pk)}),
    ]


def test_the_last_owner_stays_one(desk, acme, ana):
    member = Membership.objects.get(user=ana)
    answer = desk.post(f"{ADMIN}membership/{member.pk}/change/", {"role": "member"})
    assert "keeps at least one owner" in errors(answer)["role"][0]
    assert (
        "keeps at least one owner"
        in desk.post(f"{ADMIN}membership/{member.pk}/delete/", {"post": "yes"}).text
    )
    assert Membership.objects.get(user=ana).role == "owner"
    assert audited() == []


def test_all_owners_together_are_not_removed_and_others_are(desk, acme, ana, person):
    person("ben", acme="owner")
    cleo = person("cleo", acme="member")
    owners = list(Membership.objects.filter(role=Role.OWNER).values_list("pk", flat=True))
    chosen = {"action": "delete_selected", "_selected_action": owners, "post": "yes"}
    assert "keeps at least one owner" in desk.post(f"{ADMIN}membership/", chosen).text
    assert Membership.objects.count() == 3
    chosen["_selected_action"] = [owners[0], Membership.objects.get(user=cleo).pk]
    desk.post(f"{ADMIN}membership/", chosen)
    assert Membership.objects.get().role == "owner"


def test_what_came_in_between_is_told_and_nothing_is_kept(desk, root, acme, ana, monkeypatch):
    member = Membership.objects.get(user=ana)
    Membership.objects.create(organization=acme, user=root, role="owner")
    set_role = members.set_role

    def late(organization, user, role, by):
        if by:  # it is not the trial
            Membership.objects.exclude(user=ana).delete()
        return set_role(organization, user, role, by)

    monkeypatch.setattr(members, "set_role", late)
    answer = desk.post(f"{ADMIN}membership/{member.pk}/change/", {"role": "member"}, follow=True)
    assert "keeps at least one owner" in answer.text
    assert Membership.objects.filter(role=Role.OWNER).count() == 2


def test_users_are_found_by_name_where_that_is_possible(desk, let_in, person, monkeypatch):
    add = f"{ADMIN}membership/add/"
    found = 'data-field-name="user"'
    assert found in desk.get(add).text
    address = reverse("admin:autocomplete")
    asked = {"term": "roo", "app_label": "tocsin", "model_name": "membership", "field_name": "user"}
    assert [one["text"] for one in desk.get(address, asked).json()["results"]] == ["root"]
    clerk = let_in("add_membership", "view_organization")
    assert found not in clerk.get(add).text
    assert 'class="vForeignKeyRawIdAdminField"' in clerk.get(add).text
    monkeypatch.setattr(UserAdmin, "search_fields", ())
    assert found not in desk.get(add).text


def test_the_owner_of_a_destination_is_found_by_name(desk):
    page = desk.get(f"{ADMIN}destination/add/?channel=webhook").text
    assert 'data-field-name="user"' in page
    assert 'data-field-name="organization"' in page
