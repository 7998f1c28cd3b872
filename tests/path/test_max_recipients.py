"""Events that would reach too many people wait for somebody to confirm them, and say so."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

import tocsin
from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.explain import explain
from tocsin.deliveries.limits import excess
from tocsin.deliveries.models import Delivery
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.events.models import Event
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Organization
from tocsin.tenants.organizations import organization_id
from tocsin.tenants.scope import Scope
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture(autouse=True, scope="module")
def kind():
    tocsin.event_type("test:few", label="Few", channels=["memory"], max_recipients=3)


@pytest.fixture(autouse=True)
def memory():
    MemoryChannel.clear()
    yield MemoryChannel
    MemoryChannel.clear()


@pytest.fixture
def people():
    made = [User.objects.create_user(f"p{number}") for number in range(6)]
    for user in made:
        add_destination(user, "memory", {"name": user.username})
    return made


def say(*to: str, type_: str = "test:few", **fields) -> Event:
    event = tocsin.notify(type_, title="x", to=list(to), **fields)
    deliver_now()
    return Event.objects.get(pk=event.id)


FOUR = ("user:p0", "user:p1", "user:p2", "user:p3")


def test_as_many_as_the_type_allows_are_told(people) -> None:
    assert say(*FOUR[:3]).state == "planned"
    assert len(MemoryChannel.sent) == 3


def test_one_more_waits_and_nothing_is_planned(people) -> None:
    event = say(*FOUR)
    assert (event.state, event.reason, event.planned_at, event.trace) == (
        "awaiting_confirmation",
        "too_many",
        None,
        {},
    )
    assert not Delivery.objects.exists()
    said = explain(event).sentences[0]
    assert said.startswith("Concerns so many people that someone must confirm it.")
    assert said.endswith("It names more than 3 people and addresses, which is the limit of its type.")
    assert "plan" not in pipeline.sweep()


def test_it_goes_when_it_is_confirmed_and_that_is_on_record(people) -> None:
    event = say(*FOUR)
    pipeline.confirm(event.pk, "user ana")
    deliver_now()
    event.refresh_from_db()
    assert (event.state, event.confirmed_by) == ("planned", "user ana")
    assert len(MemoryChannel.sent) == 4
    entry = AuditEntry.objects.get()
    assert (entry.by, entry.action, entry.subject) == ("user ana", "event.confirm", f"event:{event.pk}")


def test_it_is_confirmed_once_and_only_where_it_waits(people) -> None:
    event = say(*FOUR)
    pipeline.confirm(event.pk, "a")
    with pytest.raises(Conflict, match="It waits for no confirmation: it is waiting"):
        pipeline.confirm(event.pk, "b")
    with pytest.raises(Conflict, match="planned"):
        pipeline.confirm(say("user:p0").pk, "a")
    with pytest.raises(NotFound):
        pipeline.confirm("x", "a")
    rival = Scope(frozenset({Organization.objects.create(slug="rival").pk}), permissions=frozenset({"admin"}))
    with pytest.raises(NotFound):
        pipeline.confirm(say(*FOUR).pk, "a", rival)


def test_it_can_be_cancelled_in_place(people) -> None:
    event = say(*FOUR)
    assert pipeline.cancel(event_id=event.pk) == 1
    with pytest.raises(Conflict, match="cancelled"):
        pipeline.confirm(event.pk, "a")


def test_what_expired_while_it_waited_is_not_sent(people) -> None:
    event = say(*FOUR, expires_at=datetime.now(UTC) + timedelta(hours=1))
    with frozen(datetime.now(UTC) + timedelta(hours=2)):
        pipeline.confirm(event.pk, "a")
        deliver_now()
    event.refresh_from_db()
    assert event.state == "expired"


def test_who_is_named_twice_counts_once(people) -> None:
    group = Group.objects.create(name="ops")
    group.user_set.set(people[:3])
    assert say("group:ops", "user:p0", "user:p1", "user:p2").state == "planned"
    assert say("group:ops", "user:p3").state == "awaiting_confirmation"
    assert say("group:ops", "memory:office").state == "awaiting_confirmation"


def test_the_actor_who_is_left_out_does_not_count(people) -> None:
    assert say(*FOUR, "except:actor", actor=people[0]).state == "planned"


def test_people_whom_rules_add_count(people) -> None:
    given = {"name": "r", "event_types": ["test:few"], "to": ["user:p3"]}
    save.save(given, Place(organization_id()), "x")
    assert say(*FOUR[:3]).state == "awaiting_confirmation"


def test_many_at_once_do_not_hold_each_other_up(people) -> None:
    large, small = (tocsin.notify("test:few", title="x", to=list(to)) for to in (FOUR, FOUR[:1]))
    deliver_now()
    states = dict(Event.objects.values_list("pk", "state"))
    assert (states[large.id], states[small.id]) == ("awaiting_confirmation", "planned")


def test_the_lower_of_two_limits_holds(people) -> None:
    token = Scope(None, permissions=frozenset({"admin"}), max_recipients=1)

    def event(type_: str, number: int) -> Event:
        fields = {"type": type_, "title": "x", "to": list(FOUR[:number]), "channel": "memory"}
        [accepted] = pipeline.accept_request([pipeline.parse(fields, token)])
        deliver_now()
        return Event.objects.get(pk=accepted.id)

    assert event("message:internal", 1).state == "planned"
    over = event("message:internal", 2)
    assert over.state == "awaiting_confirmation"
    assert "which is the limit of its token" in over.detail
    assert event("test:few", 2).state == "awaiting_confirmation"


def test_simulation_says_that_it_would_wait(people) -> None:
    found = pipeline.simulate({"type": "test:few", "title": "x", "to": list(FOUR)})
    assert found.told == ()
    assert "It names more than 3 people" in found.sentence


def test_without_a_limit_nothing_is_counted(people, django_assert_num_queries) -> None:
    event = tocsin.notify("message:internal", title="x", to=["user:p0"])
    stored = Event.objects.get(pk=event.id)
    with django_assert_num_queries(0):
        assert excess(stored) == ""


@pytest.mark.parametrize("seed", range(10))
def test_the_count_is_that_of_a_plain_set(people, seed) -> None:
    dice = random.Random(seed)
    members = {name: set(dice.sample(range(6), dice.randint(0, 4))) for name in ("a", "b")}
    for name, numbers in members.items():
        Group.objects.create(name=name).user_set.set([people[number] for number in numbers])
    to = [f"group:{name}" for name in members if dice.random() < 0.7]
    to += [f"user:p{number}" for number in range(6) if dice.random() < 0.3]
    to += [f"memory:{name}" for name in ("x", "y") if dice.random() < 0.3]
    named = {f"user:p{n}" for name in members if f"group:{name}" in to for n in members[name]}
    named |= {term for term in to if not term.startswith("group:")}
    assert (say(*to).state == "planned") is (len(named) <= 3)


@pytest.mark.parametrize("limit", [-1, 1.5, True, "many"])
def test_a_limit_that_is_none_is_refused(limit) -> None:
    with pytest.raises(InvalidInput, match="max_recipients"):
        tocsin.event_type("test:wrong", label="x", max_recipients=limit)
