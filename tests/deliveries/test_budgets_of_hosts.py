"""A host's budget holds for whatever goes there, by all workers; who finds no token goes back into a line."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from django.db import connections

from tests.deliveries.budget_rounds import SLOW, START, WORKERS, at, in_threads, sent_at, states
from tocsin import pipeline
from tocsin.channels.base import Sent
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.allowance import Bucket
from tocsin.deliveries.budgets import admit
from tocsin.deliveries.models import Budget, Delivery
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def slow(budgets):
    """A budget for the host SLOW."""

    def put(**given) -> None:
        budgets(slow__example__com=given)

    return put


def test_a_host_has_its_rate_and_others_are_not_held_up(slow, flood) -> None:
    slow(per_second=2)
    with at(0):
        flood(6, f"a@{SLOW}")
        flood(6, "b@quick.example.com")
        deliver_now()
    assert Counter(message.target.label for message in MemoryChannel.sent) == {
        f"a@{SLOW}": 2,
        "b@quick.example.com": 6,
    }
    waiting = Delivery.objects.filter(reason="budget").order_by("due_at")
    assert [(one.state, round((one.due_at - START).total_seconds(), 2)) for one in waiting] == [
        ("pending", 0.5), ("pending", 1.0), ("pending", 1.5), ("pending", 2.0),
    ]  # fmt: skip
    assert [sent_at(second) for second in (0.4, 0.5, 1.0, 2.0)] == [0, 1, 1, 2]
    assert set(Delivery.objects.values_list("state", "reason", "attempt")) == {("sent", "", 1)}


def test_a_host_is_the_same_for_all_channels_destinations_and_rules(
    slow, flood, settings, monkeypatch
) -> None:
    slow(per_second=3)
    rule = {
        "name": "ops",
        "channel": "memory",
        "event_types": ["message:*"],
        "settings": {"name": f"ops@{SLOW}"},
    }
    settings.TOCSIN = settings.TOCSIN | {"RULES": [rule]}
    with at(0):
        flood(2, f"a@{SLOW}")
        deliver_now()
    assert len(MemoryChannel.sent) == 3
    assert states()["pending", "budget"] == 1


def test_a_channels_token_comes_back_where_the_host_has_none(budgets, flood) -> None:
    budgets(memory={"per_second": 4}, slow__example__com={"per_second": 1})
    with at(0):
        flood(3, f"a@{SLOW}")
        deliver_now()
        assert Budget.objects.get(key="memory").tokens == pytest.approx(3.0)


def test_a_host_has_no_more_in_hand_than_it_has_places(slow, flood) -> None:
    slow(at_once=2)
    in_hand = []

    def look(message):
        in_hand.append(Delivery.objects.filter(state="sending").count())
        return Sent()

    MemoryChannel.script = look
    with at(0):
        flood(6, f"a@{SLOW}")
        deliver_now()
    assert len(MemoryChannel.sent) == 2
    assert max(in_hand) <= 2
    for second in range(1, 20):
        sent_at(second)
    assert states() == {("sent", ""): 6}


def test_a_place_at_a_host_is_free_again_when_its_worker_is_lost(slow, flood) -> None:
    slow(at_once=2)
    with at(0):
        flood(3, f"a@{SLOW}")
        held = list(Delivery.objects.order_by("pk")[:2])
        Budget.objects.create(key=SLOW, tokens=0, at=START, held={str(one.pk): 1 for one in held})
        Delivery.objects.filter(pk=held[0].pk).update(state="sending", fence=1, lease_until=START)
        Delivery.objects.filter(pk=held[1].pk).update(state="sending", fence=2, lease_until=START)
        pipeline.run("memory", 10)
        assert len(MemoryChannel.sent) == 1  # the second of them is another claim's by now
    assert sent_at(1) == 2


def test_a_flood_to_a_host_is_gone_through_once_and_then_at_its_pace(slow, flood) -> None:
    slow(per_second=10)
    with at(0):
        flood(300, f"a@{SLOW}")
        deliver_now()
    assert sent_at(0) == 0
    rounds = [sent_at(second) for second in range(1, 31)]
    assert max(rounds) <= 10
    assert sum(rounds) >= 280
    assert Delivery.objects.order_by("-fence").first().fence <= 4


@pytest.fixture
def paced(monkeypatch):
    """A far side that itself wants one message a second of each account, and one at a time."""

    def put(**given) -> None:
        monkeypatch.setattr(
            MemoryChannel, "budget_of", lambda _, one: (f"account:{one['name']}", given), raising=False
        )

    return put


def test_what_the_far_side_asks_for_is_kept_by_account_without_a_setting(paced, flood) -> None:
    paced(per_second=1)
    with at(0):
        flood(4, "a")
        flood(1, "b")
        deliver_now()
    assert Counter(message.target.label for message in MemoryChannel.sent) == {"a": 1, "b": 1}
    waiting = Delivery.objects.filter(reason="budget").order_by("due_at")
    assert [round((one.due_at - START).total_seconds()) for one in waiting] == [1, 2, 3]
    assert [sent_at(second) for second in (0.5, 1, 2, 3)] == [0, 1, 1, 1]
    assert set(Delivery.objects.values_list("state", "attempt")) == {("sent", 1)}


def test_who_has_to_wait_for_one_of_two_budgets_takes_nothing_of_the_other(slow, paced, flood) -> None:
    slow(per_second=2, burst=10)
    paced(per_second=3)
    with at(0):
        flood(5, f"a@{SLOW}")
        deliver_now()
        assert len(MemoryChannel.sent) == 3
        left = dict(Budget.objects.values_list("key", "tokens"))
        assert left == {SLOW: pytest.approx(7.0), f"account:a@{SLOW}": pytest.approx(0.0)}


def test_a_place_that_one_of_two_budgets_refuses_is_free(slow, paced, flood) -> None:
    slow(at_once=5)
    paced(per_second=1)
    with at(0):
        flood(3, f"a@{SLOW}")
        flood(3, f"b@{SLOW}")
        pipeline.run("memory", 10)
    assert len(Budget.objects.get(key=SLOW).held) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("given", [{"per_second": 9}, {"at_once": 9}])
def test_workers_at_once_never_send_a_host_more_than_it_allows(slow, flood, given, monkeypatch) -> None:
    slow(**given)
    refill = Bucket.refill

    def refill_slowly(bucket, seconds):
        time.sleep(0.05)  # long enough for the others to look into the bucket too, if they may
        refill(bucket, seconds)

    monkeypatch.setattr(Bucket, "refill", refill_slowly)
    settled, go_on = threading.Semaphore(0), threading.Event()

    def answer(message):
        settled.release()
        assert go_on.wait(20)
        return Sent()

    def work() -> None:
        try:
            pipeline.run("memory", 10)
        finally:
            settled.release()
            connections.close_all()

    def look() -> None:
        """When each of them waits in a message of its first claim, or has ended because it has none."""
        for _ in range(WORKERS):
            assert settled.acquire(timeout=20)
        under_way.append(Delivery.objects.filter(state="sending").count())
        go_on.set()

    under_way: list[int] = []
    MemoryChannel.script = answer
    with at(0):
        flood(60, f"a@{SLOW}")
        Budget.objects.create(key=SLOW, tokens=9.0, at=START)  # a first one keeps them apart by itself
        in_threads(work, look)
    assert 0 < under_way[0] <= 9
    assert "per_second" not in given or len(MemoryChannel.sent) <= 9
    assert states()["pending", "budget"] > 0


def test_admission_asks_nothing_of_channels_without_such_hosts(budgets, django_assert_num_queries) -> None:
    budgets(email={"per_second": 1})
    with django_assert_num_queries(0):
        assert admit(MemoryChannel(), [], {}) == {}
