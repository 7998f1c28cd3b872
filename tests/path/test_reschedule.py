"""Another due date for one event, or for all that hang on an object."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin import pipeline
from tocsin.errors import InvalidInput, NotFound
from tocsin.events.models import Event
from tocsin.inbox.queries import list_items
from tocsin.tenants.models import Organization
from tocsin.tenants.scope import Scope
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

NOW = datetime(2037, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana")


def say(title: str = "x", due_at=NOW + DAY, **fields):
    with frozen(NOW):
        return tocsin.notify("drill", title=title, to=["user:ana"], due_at=due_at, **fields).id


def told(ana, at) -> list[str]:
    with frozen(at):
        deliver_now()
        return [item.title for item in list_items(ana).items]


def test_it_is_told_at_the_new_time(ana) -> None:
    event = say()
    assert tocsin.reschedule(event_id=event, due_at=NOW + 3 * DAY) == 1
    assert told(ana, NOW + 2 * DAY) == []
    assert told(ana, NOW + 3 * DAY) == ["x"]
    assert tocsin.reschedule(event_id=event, due_at=NOW + 9 * DAY) == 0


def test_it_can_come_earlier_and_at_once(ana) -> None:
    event = say()
    assert tocsin.reschedule(event_id=event, due_at=NOW) == 1
    assert told(ana, NOW) == ["x"]


def test_all_that_hang_on_an_object(ana) -> None:
    for number in range(3):
        say(f"n{number}", about="invoice/42" if number else "invoice/7")
    assert tocsin.reschedule(about="invoice/42", due_at=NOW + 5 * DAY) == 2
    assert told(ana, NOW + DAY) == ["n0"]


def test_what_cannot_be_changes_nothing(ana) -> None:
    event = say(expires_at=NOW + 2 * DAY)
    with pytest.raises(InvalidInput, match="due_at: is not before the event expires"):
        tocsin.reschedule(event_id=event, due_at=NOW + 2 * DAY)
    for due_at in (
        None,
        (NOW + DAY).replace(tzinfo=None),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 1, 1, tzinfo=UTC),
    ):
        with pytest.raises(InvalidInput, match="due_at"):
            tocsin.reschedule(event_id=event, due_at=due_at)
    for given in ({}, {"event_id": event, "about": "x"}, {"about": ""}):
        with pytest.raises(InvalidInput):
            tocsin.reschedule(due_at=NOW + DAY, **given)
    rival = Scope(frozenset({Organization.objects.create(slug="rival").pk}), permissions=frozenset({"admin"}))
    with pytest.raises(NotFound):
        pipeline.reschedule(event_id=event, due_at=NOW, scope=rival)
    assert Event.objects.get().due_at == NOW + DAY
