"""Simulation says what would come of an event, exactly, and leaves nothing behind."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps

import tocsin
from tocsin import pipeline
from tocsin.deliveries import story
from tocsin.errors import InvalidInput
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination, Person, Preference
from tocsin.rules import save
from tocsin.rules.match import RuleDraft
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place, parse_spec
from tocsin.tenants.models import Membership, Organization, Role, Team, TeamMember
from tocsin.tenants.scope import OPERATOR, Scope
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

TYPE = "message:internal"
NOW = datetime(2037, 11, 20, 12, tzinfo=UTC)
EVENT = {"type": TYPE, "title": "x", "organization": "acme"}
NAMES = ("ana", "ben", "cleo", "dan", "eva")
NIGHT = {"hours": {"open": [{"days": ["mon"], "from": "08:00", "to": "09:00"}]}, "channels": []}


@pytest.fixture
def acme(db: None) -> Organization:
    made = Organization.objects.create(slug="acme")
    Team.objects.create(organization=made, slug="ops")
    return made


@pytest.fixture
def people(acme, person) -> dict:
    made = {}
    for name in NAMES:
        made[name] = person(name)
        Membership.objects.create(organization=acme, user=made[name], role=Role.MANAGER)
    return made


def rule(acme, owner=None, **given) -> Rule:
    given = {"name": f"r{Rule.objects.count()}", "event_types": [TYPE], "channels": ["memory"]} | given
    return save.save(given, Place(acme.pk, owner and owner.pk), "user root")


def spec(acme, owner=None, **given) -> RuleDraft:
    given = {"name": "draft", "event_types": [TYPE], "channels": ["memory"]} | given
    replaces = given.pop("replaces", None)
    place = Place(acme.pk, owner and owner.pk)
    return RuleDraft(parse_spec(given, place), place.user_pk, replaces)


def simulate(drafts=(), **fields):
    with frozen(NOW):
        return pipeline.simulate(EVENT | fields, drafts=drafts)


def told(found) -> list[tuple[str, str, str]]:
    return sorted((one.name, one.channel, one.state) for one in found)


def everything() -> dict[str, int]:
    return {model._meta.label: model.objects.count() for model in apps.get_app_config("tocsin").get_models()}


def happen(**fields) -> list[tuple]:
    """The event for real: what the ledger says of each."""
    with frozen(NOW):
        event = tocsin.notify(**EVENT | fields)
        deliver_now()
    lines = story.lines(OPERATOR, event=event.id, limit=200).items
    return sorted((str(one.user_id), one.channel, one.address, one.state, one.reason) for one in lines)


def subjects(found) -> list[tuple]:
    return sorted((one.user or "None", one.channel, one.address, one.state, one.reason) for one in found)


def a_world(dice: random.Random, acme, people) -> None:
    """People in all sorts of circumstances, and rules of all sorts."""
    team = Team.objects.get()
    for user in people.values():
        if dice.random() < 0.5:
            TeamMember.objects.create(team=team, user=user)
        if dice.random() < 0.2:
            Preference.objects.create(user=user, event_type=TYPE, channel="memory", wanted=False)
        if dice.random() < 0.2:
            Destination.objects.filter(user=user).update(disabled_at=NOW)
        if dice.random() < 0.2:
            Person.objects.create(user=user, dnd_until=NOW + timedelta(hours=dice.randint(-1, 1)))
        elif dice.random() < 0.3:
            Person.objects.create(user=user, windows=[NIGHT])
        if dice.random() < 0.1:
            type(user).objects.filter(pk=user.pk).update(is_active=False)
        if dice.random() < 0.3:
            add_destination(user, "memory", {"name": "the office"})
    for number in range(dice.randint(0, 5)):
        owner = dice.choice([None, None, people[dice.choice(NAMES)]])
        rule(acme, owner, **a_rule(dice, f"world {number}", owner))


def a_rule(dice: random.Random, name: str, owner=None) -> dict:
    terms = ["team:ops", "user:ana", "role:manager", "everyone:members", "memory:the office", "user:nobody"]
    return {
        "name": name,
        "to": [] if owner else dice.sample(terms, dice.randint(1, 3)),
        "event_types": [dice.choice([TYPE, "message:*", "*", "drill"])],
        "level": dice.choice(["info", "warning"]),
        "condition": dice.choice(
            [None, {"field": "data.host", "op": "is", "value": dice.choice(["a", "b"])}]
        ),
        "hours": dice.choice([None, None, NIGHT["hours"]]),
        "channels": dice.choice([["memory"], ["memory", "message"], ["email"], []]),
        "stop": dice.random() < 0.3,
        "position": dice.randint(0, 3),
        "active": dice.random() < 0.9,
    }


def fields_of(dice: random.Random) -> dict:
    return {
        "to": dice.sample(["user:ben", "team:ops", "memory:somewhere"], dice.randint(0, 2)),
        "channel": dice.choice(["", "", "memory"]),
        "level": dice.choice(["info", "error"]),
        "data": {"host": dice.choice(["a", "b"])},
    }


@pytest.mark.parametrize("seed", range(12))
def test_it_says_what_then_happens(seed, acme, people) -> None:
    dice = random.Random(seed)
    a_world(dice, acme, people)
    fields, before = fields_of(dice), everything()
    found = simulate(**fields)
    assert everything() == before
    assert subjects(found.told) == happen(**fields)


@pytest.mark.parametrize("seed", range(12))
def test_a_draft_adds_and_removes_what_saving_it_does(seed, acme, people) -> None:
    dice = random.Random(100 + seed)
    a_world(dice, acme, people)
    fields, today = fields_of(dice), dice.choice([None, *Rule.objects.filter(user__isnull=True)])
    given = a_rule(dice, "draft")
    place = Place(acme.pk)
    found = simulate([RuleDraft(parse_spec(given, place), None, today and today.pk)], **fields)
    without = simulate(**fields)
    save.save(given, place, "user root", today)
    saved = simulate(**fields)
    assert subjects(found.told) == subjects(saved.told)
    kinds = [{row[:4] for row in subjects(one.told)} for one in (without, saved)]
    assert {row[:4] for row in subjects(found.added)} == kinds[1] - kinds[0]
    assert {row[:4] for row in subjects(found.removed)} == kinds[0] - kinds[1]


def test_nothing_is_sent_and_no_engine_is_woken(
    acme, people, memory, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks() as woken:
        found = simulate(to=["team:ops", "user:ana"], channel="memory", dedupe_key="once")
    assert told(found.told) == [("ana", "memory", "sent")]
    deliver_now()
    assert not memory.sent
    assert not [callback for callback in woken if "hint" in repr(callback)]
    assert pipeline.notify(**EVENT, dedupe_key="once").created


def test_the_end_of_a_rule_can_be_tried(acme, people) -> None:
    made = rule(acme, to=["user:ana"])
    found = simulate([RuleDraft(None, None, made.pk)], to=["user:ben"], channel="memory")
    assert (told(found.added), told(found.removed)) == ([], [("ana", "memory", "sent")])
    assert {one.layer for one in found.told} == {"to"}


def test_a_draft_is_named_and_its_rule_is_not_asked(acme, people) -> None:
    made = rule(acme, name="now", to=["user:ana"], level="critical")
    drafts = [
        spec(acme, name="then", to=["user:ben"], replaces=made.pk),
        spec(acme, name="new", to=["user:eva"]),
    ]
    found = simulate(drafts)
    assert {(one.name, one.layer) for one in found.told} == {("ben", "rule:draft"), ("eva", "rule:draft-1")}
    assert [(one.layer, one.name, one.matched) for one in found.rules] == [
        ("rule:draft", "then", True),
        ("rule:draft-1", "new", True),
    ]


def test_every_rule_about_the_type_says_what_it_thinks(acme, people) -> None:
    first = rule(
        acme,
        name="first",
        to=["user:ana"],
        stop=True,
        condition={"field": "data.host", "op": "is", "value": "a"},
    )
    loud = rule(acme, name="loud", to=["user:ben"], level="error", position=1)
    after = rule(acme, name="after", to=["user:ben"], position=2)
    rule(acme, name="other", to=["user:ben"], event_types=["drill"])
    said = {one.name: one for one in simulate(data={"host": "a"}).rules}
    assert list(said) == ["first", "loud", "after"]
    assert said["first"].matched
    assert said["loud"].reasons == ("It wants error at least; this is info.",)
    assert said["after"].reasons == (f"rule:{first.pk}@1 “first” applied before it, and stops there.",)
    assert {said["loud"].layer, said["after"].layer} == {f"rule:{loud.pk}@1", f"rule:{after.pk}@1"}


def test_it_is_judged_at_the_moment_that_is_given(acme, people) -> None:
    Person.objects.create(user=people["ana"], dnd_until=NOW + timedelta(hours=2))
    fields = {
        **EVENT,
        "to": ["user:ana"],
        "channel": "memory",
        "expires_at": (NOW + timedelta(hours=4)).isoformat(),
    }
    for hours, state in ((1, "deferred"), (3, "sent")):
        found = pipeline.simulate(fields, at=NOW + timedelta(hours=hours))
        assert told(found.told) == [("ana", "memory", state)]
    assert (
        pipeline.simulate(fields | {"due_at": (NOW + timedelta(hours=3)).isoformat()}, at=NOW).told[0].state
        == "sent"
    )
    with pytest.raises(InvalidInput, match="expires_at"):
        pipeline.simulate(fields, at=NOW + timedelta(hours=5))


def test_an_event_that_is_not_valid_any_more_reaches_nobody(acme, people) -> None:
    tocsin.check("test:never")(lambda event: False)
    found = simulate(to=["user:ana"], still_valid="test:never")
    assert found.told == ()
    assert (
        found.sentence
        == "Was no longer wanted when it was due. The event was no longer true when it was due."
    )


def test_of_a_large_audience_the_first_are_shown(acme, people, settings) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "PLAN_CHUNK": 2}
    found = simulate(to=["everyone:members"], channel="memory")
    assert (len(found.told), found.truncated) == (2, True)
    assert found.as_json(most=1)["told"][0]["name"] == "ana"


def test_another_organization_is_not_there(acme, people) -> None:
    rival = Scope(frozenset({Organization.objects.create(slug="rival").pk}), permissions=frozenset({"admin"}))
    with pytest.raises(InvalidInput, match="'acme' is not known"):
        pipeline.simulate(EVENT, rival)


def test_in_a_transaction_of_the_caller_only_its_own_part_is_undone(acme, people) -> None:
    Team.objects.create(organization=acme, slug="kept")
    simulate(to=["user:ana"])
    assert Team.objects.filter(slug="kept").exists()
