"""Whether what an event speaks of still holds is asked when it is due, of its group's latest event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin import pipeline
from tocsin.deliveries.explain import explain
from tocsin.errors import InvalidInput
from tocsin.events.models import Event
from tocsin.inbox.queries import list_items
from tocsin.tenants.models import Organization
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

NOW = datetime(2037, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OPEN = {"field": "status", "op": "is", "value": "open"}


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana")


def remind(**fields) -> Event:
    """In a day, if it is still so."""
    with frozen(NOW):
        given = {
            "title": "unpaid",
            "to": ["user:ana"],
            "group_key": "invoice-42",
            "still_valid": OPEN,
        } | fields
        return Event.objects.get(pk=tocsin.notify("drill", due_at=NOW + DAY, **given).id)


def happens(**fields) -> None:
    with frozen(NOW + DAY / 2):
        tocsin.notify("drill", **{"title": "paid", "group_key": "invoice-42"} | fields)
        deliver_now()


def told(ana) -> list[str]:
    with frozen(NOW + DAY):
        deliver_now()
    return [item.title for item in list_items(ana).items]


def test_while_it_holds_it_is_told(ana) -> None:
    remind()
    happens(status="open")
    assert told(ana) == ["unpaid"]


def test_when_its_group_has_moved_on_it_is_not_and_the_reason_is_kept(ana) -> None:
    event = remind()
    happens(status="resolved")
    assert told(ana) == []
    event.refresh_from_db()
    assert (event.state, event.reason) == ("expired", "no_longer_valid")
    assert event.detail == 'status should be: is "open"; it is "resolved".'
    [said, *_] = explain(event).sentences
    assert said.endswith(event.detail)


def test_the_latest_of_the_group_decides(ana) -> None:
    remind(still_valid={"field": "data.level", "op": "gte", "value": 5})
    happens(data={"level": 3})
    happens(data={"level": 7})
    assert told(ana) == ["unpaid"]


@pytest.mark.parametrize("other", [{"group_key": "invoice-7"}, {"organization": "acme"}])
def test_other_groups_and_other_organizations_do_not_speak_of_it(ana, other) -> None:
    Organization.objects.create(slug="acme")
    remind()
    happens(status="resolved", **other)
    assert told(ana) == ["unpaid"]


def test_without_a_group_the_event_itself_is_asked(ana) -> None:
    remind(title="a", group_key="", still_valid={"field": "data.n", "op": "is", "value": 1}, data={"n": 1})
    remind(title="b", group_key="", still_valid={"field": "data.n", "op": "is", "value": 1}, data={"n": 2})
    assert told(ana) == ["a"]


def test_each_occurrence_of_a_series_asks_for_itself(ana) -> None:
    with frozen(NOW):
        series = tocsin.repeat(
            "drill", rrule="FREQ=DAILY", starts_at=NOW + DAY, time_zone="UTC", title="unpaid", to=["user:ana"],
            group_key="invoice-42", still_valid=OPEN,
        )  # fmt: skip
    assert told(ana) == ["unpaid"]
    with frozen(NOW + 1.5 * DAY):
        tocsin.notify("drill", title="paid", group_key="invoice-42", status="resolved")
    with frozen(NOW + 2 * DAY):
        deliver_now()
    with frozen(NOW + 3 * DAY):
        deliver_now()
    states = [event.state for event in series.events.order_by("due_at")]
    assert states == ["planned", "expired", "expired", "waiting"]


def test_simulation_asks_too(ana) -> None:
    happens(status="resolved")
    fields = {
        "type": "drill",
        "title": "x",
        "to": ["user:ana"],
        "group_key": "invoice-42",
        "still_valid": OPEN,
    }
    assert [one.state for one in pipeline.simulate(fields).told] == ["sent"]
    no = fields | {"still_valid": {"field": "status", "op": "is", "value": "resolved"}}
    found = pipeline.simulate(no)
    assert found.told == ()
    assert found.sentence.endswith('status should be: is "resolved"; it is "open".')


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"field": "colour", "op": "is", "value": 1}, "still_valid.field"),
        ({"all": []}, "still_valid.all"),
        ({"all": [OPEN, {"field": "status", "op": "was", "value": 1}]}, "still_valid.all.1.op"),
        ({}, "still_valid.field"),
        ([OPEN], "still_valid"),
        (7, "still_valid"),
        ("no-such-check", "still_valid"),
    ],
)
def test_what_is_no_condition_is_refused_by_its_place(ana, given, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        remind(still_valid=given)
    assert field in [error.field for error in refused.value.errors]
