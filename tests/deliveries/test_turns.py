"""Events of one group go as they happened; what fails for long is passed, and opens nothing again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import tocsin
from tests.deliveries.test_threads import say, threading_channel  # noqa: F401 (a fixture)
from tocsin import clock
from tocsin.channels.base import Cause, Moot, Retry, Sent
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.intervene import replay
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.plan import plan
from tocsin.tenants.scope import OPERATOR
from tocsin.testing import deliver_now, frozen

if TYPE_CHECKING:
    from tocsin.events.accept import Accepted

pytestmark = pytest.mark.django_db


def accept(title: str, status: str = "open", **fields) -> Accepted:
    given = {"to": ["user:ana"], "channel": "memory", "group_key": "db1"} | fields
    return tocsin.notify("message:internal", title=title, status=status, **given)


def told() -> list[tuple[str, str]]:
    return [(message.event.title, message.action) for message in MemoryChannel.sent]


def states() -> dict[str, tuple[str, str]]:
    rows = Delivery.objects.values_list("event__title", "state", "reason")
    return {title: (state, reason) for title, state, reason in rows}


def deliver_all(rounds: int = 4) -> None:
    for _ in range(rounds):
        Delivery.objects.filter(state__in=("pending", "retrying")).update(due_at="2020-01-01T00:00:00Z")
        deliver_now()


def hold_up(memory, title: str = "first", minutes: int = 20) -> None:
    """Have it fail for so long, and rest for an hour."""
    memory.script = lambda message: (
        Retry(Cause.SERVER_ERROR, after=3600)
        if message.event.title == title
        else Sent(message.thread or f"root-{message.delivery_id}")
    )
    accept(title)
    deliver_now()
    waits = Delivery.objects.filter(event__title=title)
    waits.update(created_at=clock.now() - timedelta(minutes=minutes))
    assert [row.state for row in waits] == ["retrying"]
    MemoryChannel.sent.clear()


def come_through(memory) -> None:
    memory.script = lambda message: Sent(message.thread or f"root-{message.delivery_id}")
    MemoryChannel.sent.clear()
    deliver_all()


def test_what_was_planned_together_goes_as_it_happened(memory) -> None:
    """Planned by gravity, the resolution of the first would close what the second opened."""
    accept("full", level="critical")
    accept("empty", "resolved", level="info")
    accept("full again", level="critical")
    deliver_all()
    assert told() == [("full", "open"), ("empty", "resolve"), ("full again", "open")]


def test_what_was_given_a_date_comes_when_it_is_due(memory) -> None:
    now = clock.now()
    accept("reminder", due_at=now + timedelta(hours=2))
    with frozen(now + timedelta(hours=1)):
        accept("full")
        accept("empty", "resolved")
        deliver_now()
    with frozen(now + timedelta(hours=1, minutes=1)):
        deliver_now()
    with frozen(now + timedelta(hours=3)):
        deliver_now()
    assert told() == [("full", "open"), ("empty", "resolve"), ("reminder", "open")]


def test_news_wait_for_a_first_that_will_soon_be_tried_again(memory) -> None:
    hold_up(memory)
    Delivery.objects.update(due_at=clock.now() + timedelta(seconds=30))
    accept("worse")
    deliver_now()
    assert (told(), states()["worse"]) == ([], ("pending", "group_first"))


def test_news_wait_for_a_first_that_has_not_failed_for_long(memory) -> None:
    hold_up(memory, minutes=2)
    accept("worse")
    deliver_now()
    assert (told(), states()["worse"]) == ([], ("pending", "group_first"))


def test_news_pass_a_first_that_fails_again_and_again_and_open_the_thread(memory) -> None:
    hold_up(memory)
    accept("worse", level="critical")
    deliver_now()
    assert told() == [("worse", "open")]
    [opener] = MemoryChannel.sent
    come_through(memory)
    [late] = MemoryChannel.sent
    assert (late.event.title, late.action, late.is_late) == ("first", "update", True)
    assert late.thread == f"root-{opener.delivery_id}"


def test_one_is_not_late_that_comes_in_its_turn(memory) -> None:
    say()
    say()
    assert [message.is_late for message in MemoryChannel.sent] == [False, False]


def test_what_passed_is_closed_and_what_it_passed_opens_nothing_again(memory) -> None:
    hold_up(memory)
    accept("worse")
    deliver_now()
    accept("empty", "resolved")
    deliver_now()
    assert told() == [("worse", "open"), ("empty", "resolve")]
    come_through(memory)
    assert (told(), states()["first"]) == ([], ("skipped", "resolved"))


def test_a_resolution_does_not_pass_what_nobody_has_heard_of(memory) -> None:
    hold_up(memory)
    accept("empty", "resolved")
    deliver_now()
    assert (told(), states()["empty"]) == ([], ("pending", "group_first"))
    come_through(memory)
    assert told() == [("first", "open"), ("empty", "resolve")]


def test_it_waits_while_another_worker_sends_what_passed_it(memory) -> None:
    """Else both would open one."""
    hold_up(memory)
    accept("worse")
    deliver_now()
    in_hand = Delivery.objects.filter(event__title="worse")
    later = clock.now() + timedelta(hours=1)
    in_hand.update(state="sending", provider_id="", lease_until=later)
    memory.script = lambda message: Sent("root")
    MemoryChannel.sent.clear()
    Delivery.objects.filter(event__title="first").update(due_at="2020-01-01T00:00:00Z")
    deliver_now()
    assert (told(), states()["first"]) == ([], ("retrying", "group_first"))
    in_hand.update(state="sent", provider_id="root", lease_until=None)
    deliver_all()
    assert told() == [("first", "update")]


def test_a_replayed_opening_of_what_is_over_opens_nothing(memory) -> None:
    accept("first")
    deliver_now()
    Delivery.objects.update(state="dead", reason="rejected", provider_id="")
    accept("empty", "resolved")
    deliver_now()
    MemoryChannel.sent.clear()
    replay([f"d{Delivery.objects.get(event__title='first').pk}"], OPERATOR)
    deliver_all()
    assert (told(), states()["first"]) == ([], ("skipped", "resolved"))


def test_what_was_given_its_date_earlier_is_the_later_news_all_the_same(memory) -> None:
    now = clock.now()
    accept("over", "resolved", due_at=now + timedelta(hours=1))
    accept("first")
    deliver_now()
    assert told() == [("first", "open")]
    with frozen(now + timedelta(hours=2)):
        deliver_now()
        Delivery.objects.filter(event__title="first").update(state="dead", reason="rejected", provider_id="")
        MemoryChannel.sent.clear()
        replay([f"d{Delivery.objects.get(event__title='first').pk}"], OPERATOR)
        deliver_all()
    assert (told(), states()["first"]) == ([], ("skipped", "resolved"))


def test_a_replayed_resolution_does_not_close_what_began_anew(memory) -> None:
    accept("first")
    accept("empty", "resolved")
    deliver_all()
    Delivery.objects.filter(event__title="empty").update(state="dead", reason="rejected", provider_id="")
    accept("again")
    deliver_now()
    MemoryChannel.sent.clear()
    replay([f"d{Delivery.objects.get(event__title='empty').pk}"], OPERATOR)
    deliver_all()
    assert (told(), states()["empty"]) == ([], ("skipped", "no_longer_valid"))


def test_a_crowd_of_one_group_goes_in_its_order(memory) -> None:
    titles = [f"Nr {number}" for number in range(50)]
    for number, title in enumerate(titles):
        accept(title, level=("info", "critical", "warning")[number % 3])
    deliver_all(51)
    assert [title for title, _ in told()] == titles


def test_what_was_put_off_does_not_pass_what_will_soon_be_tried_again(memory) -> None:
    hold_up(memory, minutes=0)
    accept("worse")
    deliver_now()
    Delivery.objects.filter(event__title="worse").update(
        state="deferred", reason="do_not_disturb", due_at="2020-01-01T00:00:00Z"
    )
    deliver_now()
    assert (told(), states()["worse"]) == ([], ("pending", "group_first"))


def test_what_was_heard_last_is_what_was_told_last(memory) -> None:
    """Not what was planned last: then nobody would hear that it is over."""
    accept("full", level="critical")
    accept("empty", "resolved", level="info")
    accept("full again", level="critical")
    deliver_all()
    accept("over", "resolved")
    plan(10)
    Delivery.objects.filter(event__title="over").update(state="deferred", reason="do_not_disturb")
    deliver_now()
    assert told()[-1] == ("over", "resolve")


def test_of_what_was_put_off_the_last_that_happened_decides(memory) -> None:
    accept("full", level="info")
    deliver_now()
    for title, status, level in (("empty", "resolved", "info"), ("full again", "open", "critical")):
        accept(title, status, level=level)
    plan(10)
    Delivery.objects.filter(state="pending").update(state="deferred", reason="do_not_disturb")
    deliver_now()
    assert told()[-1] == ("empty", "update")
    assert [event.title for event in MemoryChannel.sent[-1].events] == ["empty", "full again"]


@pytest.mark.parametrize("both_at_once", [False, True])
def test_a_passed_opening_opens_nothing_while_the_answer_to_a_resolution_is_not_known(
    memory, both_at_once
) -> None:
    hold_up(memory)
    accept("worse")
    deliver_now()
    memory.script = lambda message: Retry(Cause.TIMEOUT, after=3600)
    accept("empty", "resolved")
    deliver_now()
    MemoryChannel.sent.clear()
    due = Delivery.objects.all() if both_at_once else Delivery.objects.filter(event__title="first")
    due.filter(state="retrying").update(due_at="2020-01-01T00:00:00Z")
    deliver_now()
    assert (told(), states()["first"]) == ([], ("skipped", "resolved"))


def test_where_a_resolution_found_nothing_open_the_group_begins_anew(memory, monkeypatch) -> None:
    from tocsin.channels.base import Abilities

    monkeypatch.setattr(
        MemoryChannel, "abilities", Abilities(updates=True, threads=True, closes=True, receipts=True)
    )
    say()
    memory.script = lambda message: Moot()
    accept("empty", "resolved")
    deliver_now()
    memory.script = lambda message: Sent(message.thread or "root-2")
    assert say() == ("", "open")


def test_what_was_put_off_is_told_where_its_end_is_yet_to_come(memory) -> None:
    accept("first")
    plan(200)
    accept("over", "resolved", due_at=clock.now() + timedelta(hours=1))
    Delivery.objects.update(state="deferred", reason="do_not_disturb", due_at="2020-01-01T00:00:00Z")
    deliver_now()
    assert told() == [("first", "open")]


def test_what_was_put_off_is_told_where_its_end_was_cancelled(memory) -> None:
    accept("first")
    plan(200)
    hour = clock.now() + timedelta(hours=1)
    over = accept("over", "resolved", due_at=hour)
    tocsin.cancel(event_id=over.id)
    Delivery.objects.update(state="deferred", reason="do_not_disturb", due_at="2020-01-01T00:00:00Z")
    with frozen(hour):
        deliver_now()
    assert told() == [("first", "open")]
