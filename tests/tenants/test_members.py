"""Who may give whom which role, what stays of a member who leaves, and that every change is on record."""

from __future__ import annotations

from itertools import product

import pytest

import tocsin
from tocsin.deliveries.models import Delivery
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.inbox.queries import list_items
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.tenants import members
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Membership, Role, TeamMember
from tocsin.testing import deliver_now

ROLES = list(Role)


@pytest.mark.parametrize(("actor", "now", "wanted"), list(product([None, *ROLES], repeat=3)))
def test_who_may_give_whom_which_role(actor, now, wanted) -> None:
    reason = members.why_not(actor, now, wanted, owners=2)
    touches_owners = Role.OWNER in (now, wanted) and now != wanted
    allowed = actor in (None, Role.OWNER) or (actor == Role.ADMIN and not touches_owners)
    assert (reason == "") is allowed


def test_the_last_owner_stays_one_whoever_asks() -> None:
    for actor, wanted in product([None, Role.OWNER], [None, Role.ADMIN, Role.MEMBER]):
        assert "at least one owner" in members.why_not(actor, Role.OWNER, wanted, owners=1)
    assert members.why_not(None, Role.OWNER, Role.OWNER, owners=1) == ""


pytestmark = pytest.mark.django_db


@pytest.fixture
def person(django_user_model):
    return lambda name: django_user_model.objects.get_or_create(
        username=name, defaults={"email": f"{name}@x.org"}
    )[0]


@pytest.fixture
def acme():
    return members.make_organization("acme", "root")


def log() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", "subject"))


def test_every_change_is_on_record(acme, person) -> None:
    ana, eva = person("ana"), person("eva")
    members.set_role(acme, ana, "admin", "root")
    members.set_role(acme, ana, "manager", "root")
    members.set_account_manager(acme, eva, "root")
    team = members.make_team(acme, "ops", "root")
    assert members.join(team, ana, "root")
    assert not members.join(team, ana, "root")
    assert members.leave(team, ana, "root")
    assert not members.leave(team, ana, "root")
    members.delete(team, "root")
    members.delete(members.make_project(acme, "web", "root"), "root")
    members.remove(acme, ana, "root")
    assert log() == [
        ("organization.create", "org:acme"), ("member.role", f"user:{ana.pk}"), ("member.role", f"user:{ana.pk}"),
        ("account_manager", "org:acme"), ("team.create", "team:ops"), ("team.join", "team:ops"),
        ("team.leave", "team:ops"), ("team.delete", "team:ops"), ("project.create", "project:web"),
        ("project.delete", "project:web"), ("member.remove", f"user:{ana.pk}"),
    ]  # fmt: skip
    changed = AuditEntry.objects.order_by("pk")[2]
    assert (changed.before, changed.after) == ({"role": "admin"}, {"role": "manager"})


def test_who_leaves_is_out_of_the_teams_and_hears_nothing_more(acme, person) -> None:
    ana, boss = person("ana"), person("boss")
    members.set_role(acme, boss, "owner", "root")
    members.set_role(acme, ana, "manager", "root")
    members.join(members.make_team(acme, "ops", "root"), ana, "root")
    save.save({"name": "mine", "event_types": ["drill"]}, Place(acme.pk, ana.pk), "ana")
    members.remove(acme, ana, "boss", Role.OWNER)
    assert not TeamMember.objects.exists()
    tocsin.notify(
        "drill", title="x", to=["team:ops", "role:manager", "everyone:members"], organization="acme"
    )
    deliver_now()
    assert (len(list_items(ana).items), len(list_items(boss).items)) == (0, 1)


def test_roles_are_those_of_when_the_event_is_due(acme, person) -> None:
    ana, ben = person("ana"), person("ben")
    members.set_role(acme, ana, "admin", "root")
    tocsin.notify("drill", title="x", to=["role:admin", "account_manager:org=acme"], organization="acme")
    members.set_role(acme, ana, "member", "root")
    members.set_role(acme, ben, "admin", "root")
    members.set_account_manager(acme, person("eva"), "root")
    deliver_now()
    assert [len(list_items(person(name)).items) for name in ("ana", "ben", "eva")] == [0, 1, 1]
    assert not Delivery.objects.exists()


def test_what_cannot_be_is_refused_and_changes_nothing(acme, person) -> None:
    ana, ben = person("ana"), person("ben")
    members.set_role(acme, ana, "owner", "root")
    before = log()
    for attempt in (
        lambda: members.set_role(acme, ana, "member", "root"),
        lambda: members.remove(acme, ana, "root"),
        lambda: members.set_role(acme, ben, "owner", "x", Role.ADMIN),
        lambda: members.set_role(acme, ben, "member", "x", Role.MANAGER),
    ):
        with pytest.raises(Conflict):
            attempt()
    with pytest.raises(NotFound):
        members.remove(acme, ben, "root")
    with pytest.raises(InvalidInput, match="role"):
        members.set_role(acme, ben, "boss", "root")
    for slug in ("", "A", "a b", "-a", "x" * 64, "acme"):
        with pytest.raises(InvalidInput, match="slug"):
            members.make_organization(slug, "root")
    assert log() == before
    assert Membership.objects.count() == 1


def test_a_team_takes_members_only(acme, person) -> None:
    team = members.make_team(acme, "ops", "root")
    with pytest.raises(Conflict, match="no member"):
        members.join(team, person("ben"), "root")
