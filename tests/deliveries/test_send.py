"""Sending and recording: outcomes become states, attempts are on record, nothing is lost or doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin import pipeline
from tocsin.channels.base import Cause, Later, Moot, Rejected, Retry, Sent
from tocsin.deliveries import pauses
from tocsin.deliveries.claim import claim_deliveries
from tocsin.deliveries.explain import explain
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.deliveries.record import Result, reclaim, record
from tocsin.deliveries.states import State
from tocsin.events.models import Event
from tocsin.recipients.models import Destination, Preference
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

TYPE = "message:internal"


@pytest.fixture
def send(person):
    """Sends one event to ana's memory destination and gives the delivery back."""
    person("ana")

    def send(**fields) -> Delivery:
        event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory", **fields)
        deliver_now()
        return Delivery.objects.get(event=event.id)

    return send


def once(outcome, then=None):
    """A script that gives one outcome first, and another ever after."""
    outcomes = [outcome]
    return lambda message: outcomes.pop() if outcomes else (then or Sent())


def test_sent_keeps_the_providers_id(send, memory) -> None:
    memory.script = lambda message: Sent("provider-7")
    delivery = send()
    assert (delivery.state, delivery.provider_id, delivery.attempt) == ("sent", "provider-7", 1)
    assert delivery.finished_at is not None
    assert Attempt.objects.get().provider_id == "provider-7"


def test_a_failure_is_tried_again_later_and_both_tries_are_on_record(send, memory) -> None:
    memory.script = once(Retry(Cause.TIMEOUT, "no answer", after=60))
    delivery = send()
    assert (delivery.state, delivery.reason) == ("retrying", "retry")
    assert timedelta(seconds=55) < delivery.due_at - datetime.now(UTC) < timedelta(seconds=65)
    with frozen(datetime.now(UTC) + timedelta(seconds=61)):
        deliver_now()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempt) == ("sent", 2)
    assert list(Attempt.objects.order_by("pk").values_list("number", "outcome", "cause", "detail")) == [
        (1, "retry", "timeout", "no answer"), (2, "sent", "", ""),
    ]  # fmt: skip


def test_every_try_carries_the_same_key(send, memory) -> None:
    keys = []
    memory.script = lambda message: (
        keys.append((message.key, message.attempt)) or Retry(Cause.TIMEOUT, after=1)
    )
    send()
    with frozen(datetime.now(UTC) + timedelta(minutes=1)):
        pipeline.run("memory", 10)
    assert [attempt for _, attempt in keys] == [1, 2]
    assert len({key for key, _ in keys}) == 1


def test_it_gives_up_after_so_many_attempts(send, memory, settings) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "MAX_ATTEMPTS": 3, "BACKOFF_SECONDS": 1}
    memory.script = lambda message: Retry(Cause.TIMEOUT)
    delivery = send()
    now = datetime.now(UTC)
    for hour in range(1, 6):
        with frozen(now + timedelta(hours=hour)):
            pipeline.run("memory", 10)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason, delivery.attempt) == ("dead", "gave_up", 3)


def test_it_gives_up_by_age(send, memory, settings) -> None:
    memory.script = lambda message: Retry(Cause.TIMEOUT, after=1)
    delivery = send()
    with frozen(datetime.now(UTC) + timedelta(hours=73)):
        pipeline.run("memory", 10)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("dead", "gave_up")


def test_who_waits_for_a_host_that_rests_says_so_and_burns_no_attempt(send, memory) -> None:
    memory.script = lambda message: Later(Cause.HOST_RESTS, 600)
    delivery = send()
    assert (delivery.state, delivery.reason, delivery.attempt) == ("pending", "host_rests", 0)
    assert not Attempt.objects.exists()


def test_what_there_is_nothing_to_do_for_is_skipped_with_the_reason(send, memory) -> None:
    memory.script = lambda message: Moot()
    delivery = send(status="resolved", group_key="disk-1")
    assert (delivery.state, delivery.reason, delivery.attempt) == ("skipped", "nothing_open", 0)
    assert not Attempt.objects.exists()
    said = explain(Event.objects.get(pk=delivery.event_id)).sentences
    assert any("Nothing of it was open there" in one for one in said)


def test_behind_a_host_that_never_comes_back_it_gives_up_by_age(send, memory) -> None:
    memory.script = lambda message: Later(Cause.HOST_RESTS, 1)
    delivery = send()
    with frozen(datetime.now(UTC) + timedelta(hours=73)):
        pipeline.run("memory", 10)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("dead", "gave_up")
    assert Attempt.objects.get().cause == "host_rests"


def test_who_is_asked_to_slow_down_is_given_up_by_age_alone(send, memory, settings) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "MAX_ATTEMPTS": 2, "BACKOFF_SECONDS": 1}
    memory.script = lambda message: Retry(Cause.THROTTLED, after=1)
    delivery = send()
    now = datetime.now(UTC)
    for hours, state in ((1, "retrying"), (2, "retrying"), (3, "retrying"), (73, "dead")):
        with frozen(now + timedelta(hours=hours)):
            pipeline.run("memory", 10)
        delivery.refresh_from_db()
        assert delivery.state == state


def test_a_refusal_is_not_tried_again(send, memory) -> None:
    memory.script = lambda message: Rejected(Cause.REFUSED_CONTENT, "too blue")
    delivery = send()
    assert (delivery.state, delivery.reason) == ("dead", "rejected")
    assert Destination.objects.get().disabled_at is None


def test_an_address_that_is_gone_is_disabled_with_the_reason(send, memory) -> None:
    memory.script = lambda message: Rejected(Cause.GONE, disable_destination=True)
    send()
    destination = Destination.objects.get()
    assert destination.disabled_at is not None
    assert "gone" in destination.disabled_reason
    memory.script = None
    assert send().reason == "destination_disabled"


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), MemoryError(), KeyError("k")])
def test_an_exception_costs_only_its_own_message(person, memory, error, caplog) -> None:
    person("ana")
    person("ben")

    def script(message):
        if message.target.identity == "ana":
            raise error
        return Sent()

    memory.script = script
    event = tocsin.notify(TYPE, title="x", to=["user:ana", "user:ben"], channel="memory")
    pipeline.run("plan", 10)
    pipeline.run("memory", 10)
    states = dict(Delivery.objects.filter(event=event.id).values_list("identity", "state"))
    assert states == {"ana": "retrying", "ben": "sent"}
    assert Attempt.objects.get(outcome="retry").cause == "bug"


def test_a_channel_that_breaks_off_loses_only_what_it_had_not_answered(person, memory, monkeypatch) -> None:
    for name in ("ana", "ben", "chloe"):
        person(name)

    def breaks_off(self, feed):
        yield next(iter(feed)), Sent()
        raise ConnectionError("the line is cut")

    monkeypatch.setattr(memory, "send_batch", breaks_off)
    event = tocsin.notify(TYPE, title="x", to=["user:ana", "user:ben", "user:chloe"], channel="memory")
    pipeline.run("plan", 10)
    pipeline.run("memory", 10)
    found = Delivery.objects.filter(event=event.id).order_by("state").values_list("state", flat=True)
    assert list(found) == ["retrying", "retrying", "sent"]
    assert set(Attempt.objects.filter(outcome="retry").values_list("cause", flat=True)) == {"unfinished"}


def test_what_was_not_tried_at_all_goes_back_as_if_never_claimed(send, memory) -> None:
    memory.script = once(Later(Cause.BUSY, 0.0))
    delivery = send()
    assert (delivery.state, delivery.attempt) == ("sent", 1)
    assert Attempt.objects.count() == 1


def test_later_keeps_it_waiting(send, memory) -> None:
    memory.script = lambda message: Later(Cause.BUSY, 60)
    delivery = send()
    assert (delivery.state, delivery.attempt, delivery.claims) == ("pending", 0, 0)
    assert not Attempt.objects.exists()


def test_an_opt_out_between_planning_and_sending_is_heard(person) -> None:
    ana = person("ana")
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    pipeline.run("plan", 10)
    Preference.objects.create(user=ana, event_type=TYPE, channel="memory", wanted=False)
    pipeline.run("memory", 10)
    delivery = Delivery.objects.get(event=event.id)
    assert (delivery.state, delivery.reason, delivery.attempt) == ("skipped", "opted_out", 0)


def test_an_account_address_is_read_again_when_sending(person, mailoutbox) -> None:
    ana = person("ana", at=None)
    tocsin.notify(TYPE, title="x", to=["user:ana"], channel="email")
    pipeline.run("plan", 10)
    ana.email = "new@example.org"
    ana.save()
    pipeline.run("email", 10)
    assert [message.recipients() for message in mailoutbox] == [["ana <new@example.org>"]]


def test_an_event_that_expires_while_it_waits_is_not_sent(person, memory) -> None:
    person("ana")
    now = datetime.now(UTC)
    event = tocsin.notify(
        TYPE, title="x", to=["user:ana"], channel="memory", expires_at=now + timedelta(hours=1)
    )
    pipeline.run("plan", 10)
    with frozen(now + timedelta(hours=1)):
        pipeline.run("memory", 10)
    assert Delivery.objects.get(event=event.id).state == "expired"
    assert not memory.sent


def test_a_secret_that_no_key_opens_is_a_reason(person, settings) -> None:
    tocsin.notify(TYPE, title="x", to=["memory:desk"])
    pipeline.run("plan", 10)
    Delivery.objects.update(address="gAAAAAbroken")
    pipeline.run("memory", 10)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("skipped", "secret_unreadable")


def test_the_gravest_goes_first_then_the_oldest(person, memory) -> None:
    person("ana")
    for title, level in [
        ("a", "info"),
        ("b", "critical"),
        ("c", "error"),
        ("d", "critical"),
        ("e", "warning"),
    ]:
        tocsin.notify(TYPE, title=title, to=["user:ana"], channel="memory", level=level)
    deliver_now()
    assert [message.event.title for message in memory.sent] == ["b", "d", "c", "e", "a"]


def test_a_paused_channel_sends_nothing_until_it_is_resumed(person, memory) -> None:
    person("ana")
    pauses.pause("memory")
    event = tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    pipeline.run("plan", 10)
    assert pipeline.run("memory", 10) == 0
    assert Delivery.objects.get(event=event.id).state == "pending"
    assert pauses.resume("memory")
    deliver_now()
    assert len(memory.sent) == 1


def test_a_pause_of_everything_stops_every_channel(person, memory) -> None:
    person("ana")
    pauses.pause()
    tocsin.notify(TYPE, title="x", to=["user:ana"], channel="memory")
    pipeline.run("plan", 10)
    assert pipeline.run("memory", 10) == 0


def planned(person, count=1):
    for n in range(count):
        tocsin.notify(TYPE, title="x", to=[f"memory:m{n}"])
    pipeline.run("plan", 200)


def test_a_claimed_row_is_not_claimed_again(person) -> None:
    planned(person, 3)
    assert len(claim_deliveries("memory", 2)) == 2
    assert len(claim_deliveries("memory", 2)) == 1
    assert claim_deliveries("memory", 2) == []


def test_a_late_worker_changes_nothing(person, caplog) -> None:
    planned(person)
    now = datetime.now(UTC)
    [late] = claim_deliveries("memory", 1)
    with frozen(now + timedelta(seconds=40)):
        assert reclaim() == {"memory"}
        [current] = claim_deliveries("memory", 1)
    assert current.fence > late.fence
    assert record([Result(late.id, late.fence, State.SENT, outcome="sent")]) == set()
    assert "lease was lost" in caplog.text
    assert record([Result(current.id, current.fence, State.SENT, outcome="sent")]) == {current.id}
    assert list(Attempt.objects.order_by("pk").values_list("number", "outcome", "cause")) == [
        (1, "unknown", "worker_lost"), (2, "sent", ""),
    ]  # fmt: skip


def test_a_delivery_that_ends_three_workers_is_dead_and_was_alone_the_third_time(person) -> None:
    planned(person, 4)
    poison = Delivery.objects.earliest("pk")
    now = datetime.now(UTC)
    with frozen(now + timedelta(minutes=1)):
        claim_deliveries("memory", 1)
    with frozen(now + timedelta(minutes=2)):
        reclaim()
        claim_deliveries("memory", 1)
    with frozen(now + timedelta(minutes=3)):
        reclaim()
        others = claim_deliveries("memory", 10)
        assert poison.pk not in [row.id for row in others]
        assert len(others) == 3
        assert [row.id for row in claim_deliveries("memory", 10)] == [poison.pk]
    with frozen(now + timedelta(minutes=4)):
        reclaim()
    poison.refresh_from_db()
    assert (poison.state, poison.reason) == ("dead", "poison")
    assert Attempt.objects.filter(delivery=poison, outcome="unknown").count() == 3


def test_an_orderly_return_does_not_count_towards_poison(person, memory) -> None:
    planned(person)
    memory.script = lambda message: Later(Cause.BUSY, 30)
    now = datetime.now(UTC)
    for minute in range(1, 6):
        with frozen(now + timedelta(minutes=minute)):
            assert pipeline.run("memory", 1) == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.claims, delivery.attempt) == ("pending", 0, 0)
