"""Planning: who gets a row, on which channel, with which reason if it is not to be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

import tocsin
from tocsin import clock, pipeline, to
from tocsin.deliveries import held, plan
from tocsin.deliveries.models import Delivery
from tocsin.errors import InvalidInput
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination, Person, Preference
from tocsin.tenants.models import Membership, Organization, Team, TeamMember
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

TYPE = "message:internal"


def rows(event, **filters):
    """(identity, state, reason) of an event's deliveries."""
    found = Delivery.objects.filter(event=event.id, **filters)
    return sorted(found.values_list("identity", "state", "reason"))


def readers(event):
    return {item.user.get_username() for item in InboxItem.objects.filter(event=event.id)}


def test_each_audience_names_its_people(person) -> None:
    ana, ben, chloe, dan = (person(name) for name in ("ana", "ben", "chloe", "dan"))
    Group.objects.create(name="night shift").user_set.add(ana)
    team = Team.objects.create(organization=Organization.objects.get(), slug="ops", name="Ops")
    TeamMember.objects.create(team=team, user=ben)
    Membership.objects.create(organization=team.organization, user=chloe)
    for audience, expected in [
        (to.user(dan), {"dan"}),
        ("user:dan", {"dan"}),
        (f"user:{dan.pk}", {"dan"}),
        ("user:name=dan", {"dan"}),
        (to.group("night shift"), {"ana"}),
        (to.team("default/ops"), {"ben"}),
        ("team:ops", {"ben"}),
        (to.org("default"), {"chloe"}),
        ("group:nobody knows", set()),
    ]:
        event = tocsin.notify(TYPE, title="x", to=[audience])
        deliver_now()
        assert readers(event) == expected, audience


def test_a_user_name_that_looks_like_a_key_is_found_by_name(person) -> None:
    ana = person("ana")
    person(str(ana.pk + 1000))
    event = tocsin.notify(TYPE, title="x", to=[f"user:{ana.pk + 1000}", f"user:name={ana.pk}"])
    deliver_now()
    assert readers(event) == {str(ana.pk + 1000)}
    assert rows(event) == [(f"user:name={ana.pk}", "skipped", "unknown_recipient")]


def test_someone_named_by_two_audiences_is_told_once(person) -> None:
    ana = person("ana")
    Group.objects.create(name="g").user_set.add(ana)
    event = tocsin.notify(TYPE, title="x", to=[to.user(ana), to.group("g"), "user:ana"], channel="memory")
    deliver_now()
    assert rows(event) == [("ana", "sent", "")]


def test_those_who_are_not_told_get_a_row_that_says_why(person) -> None:
    person("gone", is_active=False)
    refuses = person("refuses")
    person("nowhere", at=None)
    broken = person("broken")
    Destination.objects.filter(user=broken).update(disabled_at=datetime.now(UTC))
    Preference.objects.create(user=refuses, event_type=TYPE, channel="memory", wanted=False)
    names = ["gone", "refuses", "nowhere", "broken", "nobody"]
    event = tocsin.notify(TYPE, title="x", to=[f"user:{name}" for name in names], channel="memory")
    deliver_now()
    assert sorted((row.label, row.reason) for row in Delivery.objects.filter(event=event.id)) == [
        ("broken", "destination_disabled"),
        ("gone", "inactive"),
        ("nowhere", "no_destination"),
        ("refuses", "opted_out"),
        ("user:nobody", "unknown_recipient"),
    ]
    assert {row.state for row in Delivery.objects.filter(event=event.id)} == {"skipped"}


def test_an_explicit_yes_is_no_opt_out(person) -> None:
    ana = person("ana")
    Preference.objects.create(user=ana, event_type=TYPE, channel="memory", wanted=True)
    Preference.objects.create(user=ana, event_type="message:system", channel="memory", wanted=False)
    Preference.objects.create(user=ana, event_type=TYPE, channel="email", wanted=False)
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    deliver_now()
    assert rows(event) == [("ana", "sent", "")]


def test_a_mandatory_type_passes_an_opt_out(person) -> None:
    tocsin.event_type("test:mandatory", label="x", channels=["memory", "message"], mandatory=True)
    ana = person("ana")
    for channel in ("memory", "message"):
        Preference.objects.create(user=ana, event_type="test:mandatory", channel=channel, wanted=False)
    event = tocsin.notify("test:mandatory", title="x", to=["user:ana"])
    deliver_now()
    assert rows(event) == [("ana", "sent", "")]
    assert readers(event) == {"ana"}


def test_the_type_chooses_the_channels_and_a_forced_one_replaces_them(person) -> None:
    tocsin.event_type("test:two", label="x", channels=["memory", "message"])
    person("ana")
    both = tocsin.notify("test:two", title="x", to=["user:ana"])
    forced = tocsin.notify("test:two", title="x", to=["user:ana"], channel="alert")
    deliver_now()
    assert (rows(both), readers(both)) == ([("ana", "sent", "")], {"ana"})
    assert rows(forced) == []
    assert InboxItem.objects.get(event=forced.id).channel == "alert"


def test_two_people_at_one_address_get_one_message(person) -> None:
    person("ana", at="front desk")
    person("ben", at="front desk")
    event = tocsin.notify(TYPE, title="x", to=["user:ana", "user:ben"], channel="memory")
    deliver_now()
    assert rows(event) == [("front desk", "sent", "")]
    assert Delivery.objects.get(event=event.id).user.get_username() == "ana"


def test_a_person_with_two_destinations_is_reached_at_both(person) -> None:
    add_destination(person("ana"), "memory", {"name": "mobile"})
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    deliver_now()
    assert [identity for identity, _, _ in rows(event)] == ["ana", "mobile"]


def test_destinations_and_addresses_are_named_directly(person) -> None:
    ours = add_destination(Organization.objects.get(), "memory", {"name": "wall"})
    theirs = Destination.objects.get(user=person("ana"))
    event = tocsin.notify(
        TYPE,
        title="x",
        to=[to.destination(ours), to.destination(theirs.pk), "memory:door", "destination:999999"],
    )
    deliver_now()
    assert rows(event) == [
        ("ana", "sent", ""),
        ("destination:999999", "skipped", "unknown_recipient"),
        ("door", "sent", ""),
        ("wall", "sent", ""),
    ]
    assert Delivery.objects.get(event=event.id, identity="door").address.startswith("gAAAA")


def test_an_organization_reaches_only_its_own(person) -> None:
    acme = Organization.objects.create(slug="acme", name="Acme")
    ana, ben = person("ana"), person("ben")
    Membership.objects.create(organization=acme, user=ana)
    Group.objects.create(name="g").user_set.add(ana, ben)
    bens = Destination.objects.get(user=ben)
    event = tocsin.notify(TYPE, title="x", organization="acme", channel="memory",
                          to=["group:g", "user:ben", to.destination(bens)])  # fmt: skip
    deliver_now()
    assert rows(event) == [
        ("ana", "sent", ""),
        (f"destination:{bens.pk}", "skipped", "unknown_recipient"),
        ("user:ben", "skipped", "unknown_recipient"),
    ]


def test_another_organizations_team_cannot_be_named() -> None:
    Organization.objects.create(slug="acme", name="Acme")
    with pytest.raises(InvalidInput, match=r"to\.0"):
        tocsin.notify(TYPE, title="x", to=["team:acme/ops"])


def test_people_are_planned_chunk_by_chunk(person, settings, django_user_model) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "PLAN_CHUNK": 3}
    group = Group.objects.create(name="g")
    group.user_set.add(*(person(f"p{n}", at=f"p{n}", is_active=n % 4 != 0) for n in range(10)))
    tocsin.event_type("test:chunks", label="x", channels=["memory", "message"])
    event = tocsin.notify("test:chunks", title="x", to=["group:g"])
    deliver_now()
    sent = {identity for identity, state, _ in rows(event) if state == "sent"}
    assert sent == {f"p{n}" for n in range(10) if n % 4}
    assert readers(event) == sent
    assert Event.objects.get(pk=event.id).plan_cursor is None


def test_nothing_is_planned_before_it_is_due(person) -> None:
    person("ana")
    now = datetime.now(UTC)
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], due_at=now + timedelta(hours=1))
    with frozen(now + timedelta(minutes=59, seconds=59)):
        deliver_now()
    assert readers(event) == set()
    with frozen(now + timedelta(hours=1)):
        deliver_now()
    assert readers(event) == {"ana"}


def test_an_event_whose_time_is_over_is_not_planned(person) -> None:
    person("ana")
    now = datetime.now(UTC)
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], expires_at=now + timedelta(seconds=10))
    with frozen(now + timedelta(seconds=10)):
        deliver_now()
    stored = Event.objects.get(pk=event.id)
    assert (stored.state, stored.reason, readers(event)) == ("expired", "event_expired", set())


@pytest.mark.parametrize("answer", [True, False])
def test_a_check_is_asked_again_when_the_event_is_due(person, answer) -> None:
    asked = []
    tocsin.check(f"test-{answer}")(lambda event: asked.append(event.title) or answer)
    person("ana")
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], still_valid=f"test-{answer}")
    deliver_now()
    assert asked == ["x"]
    assert Event.objects.get(pk=event.id).state == ("planned" if answer else "expired")
    assert bool(readers(event)) is answer


def test_an_event_whose_planning_fails_does_not_hold_up_its_neighbours(person, caplog) -> None:
    @tocsin.check("test-fails")
    def fails(event: Event) -> bool:
        raise ZeroDivisionError("planned to fail")

    person("ana")
    bad = tocsin.notify(TYPE, title="bad", to=["user:ana"], still_valid="test-fails")
    good = tocsin.notify(TYPE, title="good", to=["user:ana"])
    now = datetime.now(UTC)
    for minute in range(1, 5):
        with frozen(now + timedelta(minutes=minute)):
            deliver_now()
    stored = Event.objects.get(pk=bad.id)
    assert readers(good) == {"ana"}
    assert (stored.state, stored.reason) == ("dead", "plan_failed")
    assert "planned to fail" in stored.detail


def test_someone_at_rest_gets_the_item_when_the_rest_is_over(person) -> None:
    now = datetime.now(UTC)
    Person.objects.create(user=person("ana"), dnd_until=now + timedelta(hours=1))
    event = tocsin.notify(TYPE, title="x", to=["user:ana"])
    deliver_now()
    assert readers(event) == set()
    assert [(state, reason) for _, state, reason in rows(event)] == [("deferred", "do_not_disturb")]
    with frozen(now + timedelta(hours=1, seconds=1)):
        deliver_now()
    assert readers(event) == {"ana"}
    assert InboxItem.objects.get(event=event.id).delivery.state == "sent"


def test_the_account_address_is_a_destination_without_set_up(person) -> None:
    tocsin.event_type("test:mail", label="x", channels=["email"])
    ana = person("ana", at=None)
    ana.email = "ANA@Example.ORG"
    ana.save()
    event = tocsin.notify("test:mail", title="x", to=["user:ana"])
    deliver_now()
    assert rows(event) == [("ana@example.org", "sent", "")]
    assert Delivery.objects.get(event=event.id).destination_id is None


def test_an_address_of_ones_own_replaces_that_of_the_account(person) -> None:
    add_destination(person("ana", at=None), "email", {"email_address": "private@example.org"})
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="email")
    deliver_now()
    assert rows(event) == [("private@example.org", "sent", "")]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_again_and_again_counts_against_no_event(person, monkeypatch) -> None:
    ana = person("ana")
    event = tocsin.notify("message:internal", title="t", to=[f"user:{ana.pk}"])

    def away(*_):
        raise OperationalError("the database is away")

    for _ in range(4):
        with monkeypatch.context() as gone:
            gone.setattr(plan, "_plan_all", away)
            gone.setattr(held, "row_of", away)
            with pytest.raises(OperationalError):
                plan.plan(10)
        Event.objects.filter(state="planning").update(lease_until=clock.now() - timedelta(seconds=1))
        plan.reclaim_events()
    plan.plan(10)
    assert Event.objects.get(pk=event.id).state == "planned"


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("chunk", [1, 20_000])
def test_planning_begins_with_a_write_where_only_one_may_write(person, settings, chunk) -> None:
    """SQLite refuses the first write of a transaction that has read, if another one has written since."""
    settings.TOCSIN = {**settings.TOCSIN, "PLAN_CHUNK": chunk}
    Group.objects.create(name="g").user_set.add(person("ana"), person("ben"))
    tocsin.notify(TYPE, title="x", to=["group:g"], channel="memory")
    with CaptureQueriesContext(connection) as seen:
        pipeline.run("plan", 10)
    transactions = "\n".join(query["sql"] for query in seen).split("\nSAVEPOINT")
    writing = [one.splitlines()[1] for one in transactions if 'INSERT INTO "tocsin_delivery"' in one]
    assert writing
    assert all(first.startswith("UPDATE") for first in writing), writing
