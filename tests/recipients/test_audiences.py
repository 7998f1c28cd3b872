"""Audiences are asked when the event is due, within its organization, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin import to
from tocsin.errors import InvalidInput
from tocsin.inbox.models import InboxItem
from tocsin.tenants.models import Membership, Organization, Role, Team
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

TYPE = "message:internal"


@pytest.fixture
def acme(db):
    return Organization.objects.create(slug="acme")


@pytest.fixture
def other(db):
    return Organization.objects.create(slug="other")


@pytest.fixture
def member(django_user_model):
    def make(name, organization=None, role=Role.MEMBER, **columns):
        user = django_user_model.objects.create_user(name)
        if organization is not None:
            Membership.objects.create(user=user, organization=organization, role=role, **columns)
        return user

    return make


def told(*terms, organization="acme", **fields) -> list[str]:
    event = tocsin.notify(TYPE, title="x", to=list(terms), organization=organization, **fields)
    deliver_now()
    return sorted(InboxItem.objects.filter(event=event.id).values_list("user__username", flat=True))


def test_a_role_is_whoever_holds_it_in_the_events_organization(acme, other, member) -> None:
    member("ana", acme, Role.ADMIN)
    member("ben", acme, Role.OWNER)
    member("cid", other, Role.ADMIN)
    assert told(to.role("admin")) == ["ana"]
    assert told("role:admin", "role:owner") == ["ana", "ben"]


def test_who_holds_the_role_when_the_event_is_due(acme, member) -> None:
    ana, ben = member("ana", acme, Role.ADMIN), member("ben", acme)
    later = datetime.now(UTC) + timedelta(days=1)
    event = tocsin.notify(TYPE, title="x", to=["role:admin"], organization="acme", due_at=later)
    Membership.objects.filter(user=ana).update(role=Role.MEMBER)
    Membership.objects.filter(user=ben).update(role=Role.ADMIN)
    with frozen(later):
        deliver_now()
    assert [item.user for item in InboxItem.objects.filter(event=event.id)] == [ben]


def test_account_managers_of_a_member_a_team_and_the_organization(acme, other, member) -> None:
    maja, tom, outsider = member("maja", acme), member("tom", acme), member("outsider")
    ana = member("ana", acme, account_manager=maja)
    Membership.objects.create(user=ana, organization=other, account_manager=tom)
    Team.objects.create(organization=acme, slug="sales", account_manager=tom)
    Team.objects.create(organization=other, slug="sales", account_manager=maja)
    Organization.objects.filter(pk=acme.pk).update(account_manager=outsider)
    assert told(to.account_manager_of(user=ana)) == ["maja"]
    assert told("account_manager:user=ana") == ["maja"]
    assert told("account_manager:user=name=ana") == ["maja"]
    assert told(to.account_manager_of(team="acme/sales")) == ["tom"]
    assert told("account_manager:team=sales") == ["tom"]
    assert told(to.account_manager_of(org="acme")) == ["outsider"]
    assert told("account_manager:user=nobody") == []


def test_everyone_is_every_member_and_without_tenants_every_user(acme, other, member) -> None:
    member("ana", acme)
    member("ben", other)
    member("cid")
    assert told(to.everyone()) == ["ana"]
    assert told("everyone:members", organization="") == ["ana", "ben", "cid"]


def test_all_but_the_one_who_did_it(acme, member) -> None:
    ana, _ben = member("ana", acme), member("ben", acme)
    assert told("everyone:members", to.except_actor(), actor=ana) == ["ben"]
    assert told("user:ana", "user:ben", "except:actor", actor=ana) == ["ben"]
    assert told("everyone:members", "except:actor", actor="backup script") == ["ana", "ben"]
    assert told("everyone:members", actor=ana) == ["ana", "ben"]


def test_an_inactive_account_manager_is_written_down(acme, member) -> None:
    from tocsin.deliveries.models import Delivery

    maja = member("maja", acme)
    member("ana", acme, account_manager=maja)
    type(maja).objects.filter(pk=maja.pk).update(is_active=False)
    assert told("account_manager:user=ana") == []
    assert Delivery.objects.get().reason == "inactive"


@pytest.mark.parametrize(
    "term",
    ["role:boss", "role:", "everyone:all", "account_manager:maja", "account_manager:user=", "account_manager:x=1",
     "account_manager:team=other/sales", "account_manager:org=other", "except:me"],
)  # fmt: skip
def test_what_can_never_mean_anybody_is_refused_when_it_is_accepted(acme, other, term) -> None:
    with pytest.raises(InvalidInput) as caught:
        tocsin.notify(TYPE, title="x", to=["user:ana", term], organization="acme")
    assert [error.field for error in caught.value.errors] == ["to.1"]


def test_an_account_manager_is_of_one_thing() -> None:
    with pytest.raises(InvalidInput, match="exactly one"):
        to.account_manager_of(user=1, team="sales")
    with pytest.raises(InvalidInput, match="exactly one"):
        to.account_manager_of()
