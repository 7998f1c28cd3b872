"""Hours all the way: what comes at night waits for the morning of the person, and is looked at again then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

import tocsin
from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Delivery
from tocsin.errors import InvalidInput
from tocsin.inbox.queries import list_items, mark_read
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.tenants.models import Organization
from tocsin.tenants.organizations import organization_id
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

User = get_user_model()
TYPE = "message:internal"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NIGHT = {"hours": {"quiet": [{"days": DAYS, "from": "22:00", "to": "07:00"}]}, "channels": ["memory"]}
EVENING = datetime(2037, 11, 20, 23, tzinfo=UTC)
MORNING = datetime(2037, 11, 21, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def memory():
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


@pytest.fixture
def ana():
    made = User.objects.create_user("ana", "ana@example.org")
    add_destination(made, "memory", {"name": "ana"})
    with frozen(EVENING - timedelta(hours=6)):
        pipeline.change_hours(made.pk, {"windows": [NIGHT], "time_zone": "UTC"})
    return made


def say(at: datetime = EVENING, **fields) -> Delivery:
    with frozen(at):
        event = tocsin.notify(TYPE, title="x", **{"to": ["user:ana"], "channel": "memory"} | fields)
        deliver_now()
    return Delivery.objects.get(event=event.id, channel=fields.get("channel", "memory"))


def at(moment: datetime, delivery: Delivery) -> tuple[str, str]:
    with frozen(moment):
        deliver_now()
    delivery.refresh_from_db()
    return delivery.state, delivery.reason


def test_what_comes_at_night_waits_for_the_morning(ana) -> None:
    delivery = say()
    assert (delivery.state, delivery.reason, delivery.due_at) == ("deferred", "window_closed", MORNING)
    assert at(MORNING - timedelta(seconds=1), delivery) == ("deferred", "window_closed")
    assert at(MORNING, delivery) == ("sent", "window_closed")


def test_by_day_it_is_told_at_once(ana) -> None:
    assert say(EVENING - timedelta(hours=2)).state == "sent"


def test_other_channels_know_no_night(ana) -> None:
    with frozen(EVENING):
        tocsin.notify(TYPE, title="x", to=["user:ana"], channel="message")
        deliver_now()
    assert len(list_items(ana).items) == 1


def test_a_banner_too_can_wait(ana) -> None:
    with frozen(EVENING):
        pipeline.change_hours(ana.pk, {"windows": [{**NIGHT, "channels": []}]})
    delivery = say(channel="header_message")
    assert not list_items(ana).items
    assert at(MORNING, delivery) == ("sent", "window_closed")
    assert len(list_items(ana).items) == 1


@pytest.mark.parametrize(
    ("zone", "opens"),
    [("Europe/Oslo", MORNING - timedelta(hours=1)), ("America/New_York", EVENING)],
)
def test_the_night_is_that_of_the_person(ana, zone, opens) -> None:
    with frozen(EVENING):
        pipeline.change_hours(ana.pk, {"time_zone": zone})
    delivery = say()
    assert (delivery.due_at, delivery.state) == (opens, "sent" if opens == EVENING else "deferred")


def test_without_a_zone_of_their_own_it_is_the_organizations(ana) -> None:
    Organization.objects.filter(slug="default").update(time_zone="Europe/Oslo")
    with frozen(EVENING):
        pipeline.change_hours(ana.pk, {"time_zone": None})
    assert say().due_at == MORNING - timedelta(hours=1)


def test_who_moves_is_told_by_the_new_clock(ana) -> None:
    delivery = say()
    with frozen(EVENING + timedelta(minutes=1)):
        pipeline.change_hours(ana.pk, {"time_zone": "Europe/Oslo"})
    at(EVENING + timedelta(minutes=2), delivery)
    assert delivery.due_at == MORNING - timedelta(hours=1)


def test_who_ends_the_night_is_told_at_once(ana) -> None:
    delivery = say()
    with frozen(EVENING + timedelta(minutes=1)):
        pipeline.change_hours(ana.pk, {"windows": []})
    assert at(EVENING + timedelta(minutes=2), delivery)[0] == "sent"


def test_rest_and_night_end_when_both_are_over(ana) -> None:
    with frozen(EVENING):
        pipeline.change_hours(ana.pk, {"dnd_until": EVENING + timedelta(days=1)})
    delivery = say()
    assert (delivery.reason, delivery.due_at) == ("do_not_disturb", MORNING + timedelta(days=1))


def test_what_was_read_meanwhile_is_not_told_again(ana) -> None:
    with frozen(EVENING):
        event = tocsin.notify("test:both", title="x", to=["user:ana"])
        deliver_now()
        mark_read(ana, [list_items(ana).items[0].id])
    delivery = Delivery.objects.get(event=event.id, channel="memory")
    assert at(MORNING, delivery) == ("skipped", "read")


def test_what_is_over_by_then_is_not_told_at_all(ana) -> None:
    problem = say(group_key="disk")
    solved = say(EVENING + timedelta(hours=1), group_key="disk", status="resolved")
    assert at(MORNING, problem) == ("skipped", "resolved")
    assert at(MORNING, solved) == ("skipped", "resolved")
    assert not MemoryChannel.sent


def test_the_end_of_what_was_told_is_told(ana) -> None:
    say(EVENING - timedelta(hours=2), group_key="disk")
    again = say(group_key="disk")
    solved = say(EVENING + timedelta(hours=1), group_key="disk", status="resolved")
    assert at(MORNING, again) == ("skipped", "resolved")
    assert at(MORNING, solved) == ("sent", "window_closed")


def test_critical_passes_where_the_type_says_so(ana) -> None:
    assert say(level="critical").state == "deferred"
    with frozen(EVENING):
        event = tocsin.notify("test:fire", title="x", to=["user:ana"], level="critical")
        calm = tocsin.notify("test:fire", title="x", to=["user:ana"], level="error")
        deliver_now()
    assert Delivery.objects.get(event=event.id).state == "sent"
    assert Delivery.objects.get(event=calm.id).state == "deferred"


def test_the_clock_of_a_server_that_jumps_sends_nothing_early_and_loses_nothing(ana) -> None:
    delivery = say()
    assert at(EVENING + timedelta(hours=2), delivery) == ("deferred", "window_closed")
    assert at(EVENING, delivery) == ("deferred", "window_closed")
    assert at(MORNING, delivery)[0] == "sent"


ALWAYS = {"hours": {"open": [{"days": ["mon"], "from": "08:00", "to": "09:00"}]}}
NEVER_WITH_IT = {"hours": {"open": [{"days": ["tue"], "from": "08:00", "to": "09:00"}]}}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"time_zone": "Mars/Base", "dnd_until": "2026-11-20T10:00:00"}, ["time_zone", "dnd_until"]),
        ({"time_zone": 7}, ["time_zone"]),
        ({"time_zone": "../../etc/passwd"}, ["time_zone"]),
        ({"dnd_until": "2026-11-20T10:00:00Z"}, ["dnd_until"]),
        ({"dnd_until": "9999-01-01T00:00:00Z"}, ["dnd_until"]),
        ({"windows": "night"}, ["windows"]),
        ({"windows": [{}]}, ["windows.0"]),
        ({"windows": [{**NIGHT, "channels": ["fax"]}]}, ["windows.0.channels.0"]),
        ({"windows": [{**NIGHT, "hours": {"open": []}}]}, ["windows.0.hours.open"]),
        ({"windows": [ALWAYS, NEVER_WITH_IT]}, ["windows"]),
    ],
)
def test_hours_that_cannot_be_are_refused_and_change_nothing(ana, given, fields) -> None:
    with frozen(EVENING), pytest.raises(InvalidInput) as refused:
        pipeline.change_hours(ana.pk, {"windows": [], **given})
    assert [error.field for error in refused.value.errors] == fields
    assert say().state == "deferred"


@pytest.fixture(autouse=True, scope="module")
def kinds():
    tocsin.event_type("test:both", label="Both", channels=["message", "memory"])
    tocsin.event_type("test:fire", label="Fire", channels=["memory"], critical_passes=True)


OFFICE = {"open": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "17:00"}]}


def rule(**given) -> None:
    default = organization_id()
    save.save(
        {"name": "r", "event_types": [TYPE], "channels": ["memory"], **given}, Place(default), "user root"
    )


def test_a_rule_tells_within_its_hours(ana) -> None:
    rule(to=["user:ana", "memory:ops"], hours=OFFICE)
    with frozen(EVENING - timedelta(hours=5)):
        event = tocsin.notify(TYPE, title="x", channel="memory")
        deliver_now()
    rows = Delivery.objects.filter(event=event.id)
    monday = datetime(2037, 11, 23, 8, tzinfo=UTC)
    assert {(row.identity, row.state, row.due_at) for row in rows} == {
        ("ana", "deferred", monday),
        ("ops", "deferred", monday),
    }
    with frozen(monday):
        deliver_now()
    assert {row.state for row in rows.all()} == {"sent"}


def test_who_is_named_without_hours_too_is_told_at_once(ana) -> None:
    rule(to=["user:ana"], hours=OFFICE)
    assert say(EVENING - timedelta(hours=5)).state == "sent"


def test_a_persons_night_beats_a_rules_hours(ana) -> None:
    rule(to=["user:ana"], hours={"open": [{"days": DAYS, "from": "00:00", "to": "24:00"}]})
    assert say(to=[]).state == "deferred"


def test_the_hours_of_a_rule_are_those_of_its_version(ana) -> None:
    rule(to=["user:ana"], hours=OFFICE)
    delivery = say(EVENING - timedelta(hours=5), to=[])
    save.save(
        {"name": "r", "event_types": [TYPE], "to": ["user:ana"]},
        Place(organization_id()),
        "x",
        Rule.objects.get(),
    )
    pipeline.change_hours(ana.pk, {"windows": []})
    assert at(EVENING, delivery)[0] == "deferred"
