"""What was put off goes out as one message for each address, and every delivery in it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin import pipeline
from tocsin.channels.base import Cause, Later, Rejected, Retry, Sent
from tocsin.deliveries import story
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.inbox.queries import list_items
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Person, Preference
from tocsin.tenants.scope import OPERATOR
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

TYPE = "message:internal"
NOON = datetime(2037, 11, 20, 12, tzinfo=UTC)
MORNING = NOON + timedelta(hours=20)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def ana(person):
    """Ana, who is not to be disturbed until the morning."""
    made = person("ana")
    Person.objects.create(user=made, dnd_until=MORNING)
    return made


def put_off(*titles: str, **fields) -> list[Delivery]:
    """Events for ana that have to wait, a minute apart."""
    made = []
    for count, title in enumerate(titles):
        with frozen(NOON + timedelta(minutes=count)):
            event = tocsin.notify(TYPE, title=title, **{"to": ["user:ana"], "channel": "memory"} | fields)
            deliver_now()
        made.append(Delivery.objects.filter(event=event.id).latest("pk"))
    assert {row.state for row in made} == {"deferred"}
    return made


def release(later: timedelta = timedelta(0)) -> None:
    with frozen(MORNING + later):
        deliver_now()


def states(rows: list[Delivery]) -> list[tuple[str, str, int | None]]:
    for row in rows:
        row.refresh_from_db()
    return [(row.state, row.reason, row.merged_into) for row in rows]


def titles(message) -> list[str]:
    return [event.title for event in message.events]


def test_what_waited_is_one_message_the_oldest_first(ana, memory) -> None:
    first, second, third = put_off("one", "two", "three")
    release()
    [message] = memory.sent
    assert titles(message) == ["one", "two", "three"]
    assert message.delivery_id == first.pk
    assert states([first, second, third]) == [
        ("sent", "do_not_disturb", first.pk),
        ("sent", "merged", first.pk),
        ("sent", "merged", first.pk),
    ]
    assert Attempt.objects.get().delivery_id == first.pk
    assert {row.attempt for row in (second, third)} == {0}
    assert all(row.finished_at for row in (first, second, third))
    told = story.line(f"d{third.pk}", OPERATOR)
    assert told.sentence.endswith(f"It was told together with others, in one message. See d{first.pk}.")


def test_one_that_waited_alone_is_itself(ana, memory) -> None:
    [only] = put_off("one")
    release()
    assert states([only]) == [("sent", "do_not_disturb", None)]


def test_each_address_gets_its_own(ana, person, memory) -> None:
    Person.objects.create(user=person("ben"), dnd_until=MORNING)
    add_destination(ana, "memory", {"name": "ana at home"})
    put_off("one", "two", to=["user:ana", "user:ben"])
    release()
    assert sorted((m.target.identity, titles(m)) for m in memory.sent) == [
        ("ana", ["one", "two"]),
        ("ana at home", ["one", "two"]),
        ("ben", ["one", "two"]),
    ]


def test_what_did_not_wait_stays_a_message_of_its_own(ana, person, memory) -> None:
    put_off("one", "two")
    person("ben")
    with frozen(MORNING):
        tocsin.notify(TYPE, title="now", to=["user:ana"], channel="memory")
        tocsin.notify(TYPE, title="now", to=["user:ben"], channel="memory")
        deliver_now()
    assert sorted(titles(m) for m in memory.sent) == [["now"], ["now"], ["one", "two"]]


def test_more_than_a_claim_takes_is_still_one_message(ana, memory) -> None:
    put_off(*"abcde")
    with frozen(MORNING):
        assert pipeline.run("memory", 2) == 5
    assert [titles(m) for m in memory.sent] == [list("abcde")]


def test_more_than_a_message_holds_is_several(ana, memory, monkeypatch) -> None:
    monkeypatch.setattr("tocsin.deliveries.merge.MOST", 2)
    rows = put_off(*"abcde")
    release()
    assert [titles(m) for m in memory.sent] == [["a", "b"], ["c", "d"], ["e"]]
    assert [lead for _, _, lead in states(rows)] == [rows[0].pk, rows[0].pk, rows[2].pk, rows[2].pk, None]


def test_a_failed_message_is_tried_again_as_it_was(ana, memory) -> None:
    rows = put_off("one", "two")
    answers = [Retry(Cause.TIMEOUT, after=60), Sent()]
    keys = []

    def script(message):
        keys.append((message.key, titles(message), message.attempt))
        return answers.pop(0)

    memory.script = script
    release()
    assert states(rows) == [("retrying", "retry", rows[0].pk), ("merged", "merged", rows[0].pk)]
    release(timedelta(seconds=61))
    assert [key[1:] for key in keys] == [(["one", "two"], 1), (["one", "two"], 2)]
    assert keys[0][0] == keys[1][0]
    assert [row[0] for row in states(rows)] == ["sent", "sent"]


def test_a_refused_message_is_dead_with_all_it_held_and_replayed_with_all_of_it(ana, memory) -> None:
    rows = put_off("one", "two", "three")
    memory.script = lambda message: Rejected(Cause.REFUSED_RECIPIENT)
    release()
    assert [row[0] for row in states(rows)] == ["dead", "dead", "dead"]
    memory.script = None
    with frozen(MORNING + timedelta(hours=1)):
        pipeline.replay([f"d{rows[0].pk}", f"d{rows[1].pk}"])
        deliver_now()
    assert [titles(m) for m in memory.sent] == [["one", "two", "three"]]
    assert [row[0] for row in states(rows)] == ["sent", "sent", "sent"]


def test_one_that_went_with_another_can_be_replayed_alone(ana, memory) -> None:
    rows = put_off("one", "two")
    memory.script = lambda message: Rejected(Cause.REFUSED_RECIPIENT)
    release()
    memory.script = None
    with frozen(MORNING + timedelta(hours=1)):
        pipeline.replay([f"d{rows[1].pk}"])
        deliver_now()
    assert [titles(m) for m in memory.sent] == [["two"]]
    assert states(rows) == [("dead", "rejected", rows[0].pk), ("sent", "", None)]


def test_what_is_not_wanted_any_more_falls_out(ana, memory) -> None:
    cancelled, fine = put_off("one", "two")
    [expired] = put_off("three", expires_at=NOON + timedelta(hours=1))
    [last] = put_off("four")
    pipeline.cancel(event_id=cancelled.event_id)
    release()
    assert [titles(m) for m in memory.sent] == [["two", "four"]]
    ended = [row[0] for row in states([cancelled, fine, expired, last])]
    assert ended == ["cancelled", "sent", "expired", "sent"]


def test_what_went_with_a_cancelled_one_is_told_without_it(ana, memory) -> None:
    rows = put_off("one", "two", "three")
    memory.script = lambda message: Retry(Cause.TIMEOUT, after=60)
    release()
    pipeline.cancel(event_id=rows[0].event_id)
    assert [row[0] for row in states(rows)] == ["cancelled", "deferred", "deferred"]
    memory.script = None
    release(timedelta(seconds=61))
    assert [titles(m) for m in memory.sent] == [["two", "three"]]
    assert states(rows) == [
        ("cancelled", "event_cancelled", rows[0].pk),
        ("sent", "merged", rows[1].pk),
        ("sent", "merged", rows[1].pk),
    ]


def test_a_cancelled_one_leaves_the_message_it_goes_with(ana, memory) -> None:
    rows = put_off("one", "two", "three")
    memory.script = lambda message: Retry(Cause.TIMEOUT, after=60)
    release()
    pipeline.cancel(event_id=rows[1].event_id)
    memory.script = None
    release(timedelta(seconds=61))
    assert [titles(m) for m in memory.sent] == [["one", "three"]]
    assert [row[0] for row in states(rows)] == ["sent", "cancelled", "sent"]


def test_who_opts_out_while_it_is_retried_hears_nothing(ana, memory) -> None:
    rows = put_off("one", "two")
    memory.script = lambda message: Retry(Cause.TIMEOUT, after=60)
    release()
    Preference.objects.create(user=ana, event_type=TYPE, channel="memory", wanted=False)
    memory.script = None
    release(timedelta(seconds=61))
    assert [titles(m) for m in memory.sent] == []
    assert [row[:2] for row in states(rows)] == [("skipped", "opted_out")] * 2


def test_released_in_an_orderly_way_it_goes_as_it_was(ana, memory) -> None:
    rows = put_off("one", "two")
    memory.script = lambda message: Later(Cause.BUSY, 10.0)
    release()
    assert [row[0] for row in states(rows)] == ["pending", "merged"]
    memory.script = None
    release(timedelta(seconds=11))
    assert [titles(m) for m in memory.sent] == [["one", "two"]]
    assert [row[0] for row in states(rows)] == ["sent", "sent"]


def test_who_is_forgotten_leaves_nothing_waiting(ana, memory) -> None:
    rows = put_off("one", "two")
    memory.script = lambda message: Retry(Cause.TIMEOUT, after=60)
    release()
    key = ana.pk
    ana.delete()
    pipeline.forget(key)
    assert {row[0] for row in states(rows)} == {"skipped"}


def test_a_lead_whose_workers_are_lost_takes_the_others_along(ana, memory) -> None:
    rows = put_off("one", "two")
    memory.script = lambda message: Later(Cause.BUSY, 5.0)
    release()
    Delivery.objects.filter(pk=rows[0].pk).update(state="sending", lease_until=LONG_AGO, claims=3)
    pipeline.sweep()
    assert states(rows) == [("dead", "poison", rows[0].pk), ("dead", "merged", rows[0].pk)]


def test_a_suspect_is_tried_alone(ana, memory) -> None:
    rows = put_off("one", "two", "three")
    memory.script = lambda message: Later(Cause.BUSY, 5.0)
    release()
    Delivery.objects.filter(pk=rows[0].pk).update(claims=2)
    memory.script = None
    release(timedelta(seconds=6))
    assert sorted(titles(m) for m in memory.sent) == [["one"], ["two", "three"]]
    assert {row[0] for row in states(rows)} == {"sent"}


def test_in_the_inbox_each_is_an_item_of_its_own(ana) -> None:
    put_off("one", "two", channel="message")
    release()
    assert [item.title for item in list_items(ana).items] == ["two", "one"]
