"""Budgets hold for all workers together: of a channel, and of a host; and cost nothing where there is none."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connections

import tocsin
from tests.deliveries.budget_rounds import SLOW, START, at, in_threads, sent_at, states
from tocsin import checks, pipeline
from tocsin.channels.base import Cause, Later, Retry
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.budgets import is_spent
from tocsin.deliveries.claim import claim_deliveries
from tocsin.deliveries.explain import explain
from tocsin.deliveries.models import Budget, Delivery
from tocsin.deliveries.send import Hand
from tocsin.recipients.models import Person, Preference
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


def test_a_channel_sends_its_burst_and_then_so_many_a_second(budgets, flood) -> None:
    budgets(memory={"per_second": 5, "burst": 12})
    with at(0):
        flood(40)
    assert [sent_at(second) for second in (0, 0, 1, 1.5, 3.5, 100)] == [12, 0, 5, 2, 10, 11]
    assert states() == {("sent", ""): 40}


def test_a_rate_below_one_is_one_in_so_many_seconds(budgets, flood) -> None:
    budgets(memory={"per_second": 0.2})
    with at(0):
        flood(3)
    assert [sent_at(second) for second in (0, 4.5, 5.0, 9.9, 10.1)] == [1, 0, 1, 0, 1]


def test_no_more_are_in_hand_at_once_than_the_budget_has_places(budgets, flood) -> None:
    budgets(memory={"at_once": 3})
    flood(10)
    assert len(claim_deliveries("memory", 2)) == 2
    assert len(claim_deliveries("memory", 10)) == 1
    assert claim_deliveries("memory", 10) == []
    Delivery.objects.filter(pk=Delivery.objects.filter(state="sending").first().pk).update(state="sent")
    assert len(claim_deliveries("memory", 10)) == 1


def test_what_is_ended_makes_room_for_the_next(budgets, flood) -> None:
    budgets(memory={"at_once": 3})
    flood(10)
    deliver_now()
    assert states() == {("sent", ""): 10}


def test_nothing_more_is_asked_without_a_budget(budgets, flood, django_assert_num_queries) -> None:
    budgets(email={"per_second": 1}, slow__example__com={"per_second": 1})
    with django_assert_num_queries(3):  # a transaction, and the probe of what is due
        assert claim_deliveries("memory", 10) == []


def test_an_empty_bucket_costs_no_look_at_the_ledger(budgets, flood, django_assert_max_num_queries) -> None:
    budgets(memory={"per_second": 1})
    with at(0):
        flood(5)
        assert len(claim_deliveries("memory", 10)) == 1
        with django_assert_max_num_queries(4) as asked:
            assert claim_deliveries("memory", 10) == []
    assert not [query for query in asked.captured_queries if "tocsin_delivery" in query["sql"]]


def test_organizations_share_what_a_budget_leaves(budgets, flood) -> None:
    budgets(memory={"per_second": 4})
    with at(0):
        flood(40, "loud", "loud")
        flood(4, "calm", "calm")
    for second in range(3):
        sent_at(second)
    names = Counter(message.target.label for message in MemoryChannel.sent)
    assert names["loud"] >= 4
    assert names["calm"] >= 3


def test_a_grave_message_goes_before_all_that_waits(budgets, flood) -> None:
    budgets(memory={"per_second": 1})
    with at(0):
        flood(5)
        flood(1, "grave", level="critical")
    assert sent_at(0) == 1
    assert MemoryChannel.sent[0].target.label == "grave"


def test_what_is_not_to_be_sent_costs_nothing(budgets, person) -> None:
    budgets(memory={"per_second": 2})
    user = person("ana")
    with at(0):
        for _ in range(6):
            tocsin.notify("message:internal", title="x", to=["user:ana"], channel="memory")
        while pipeline.run("plan", 200):
            pass
        Preference.objects.create(user=user, event_type="message:internal", channel="memory", wanted=False)
        deliver_now()
        assert states() == {("skipped", "opted_out"): 6}
        assert Budget.objects.get(key="memory").tokens == pytest.approx(2.0)


def test_what_was_not_tried_gives_its_tokens_back(budgets, flood) -> None:
    budgets(memory={"per_second": 3}, slow__example__com={"per_second": 2})
    MemoryChannel.script = lambda message: Later(Cause.BUSY, 60.0)
    with at(0):
        flood(2, f"a@{SLOW}")
        deliver_now()
        assert {row.key: row.tokens for row in Budget.objects.all()} == {"memory": 3.0, SLOW: 2.0}


def test_what_is_joined_into_one_message_costs_one_token(budgets, person) -> None:
    budgets(memory={"per_second": 5})
    user = person("ana")
    Person.objects.create(user=user, dnd_until=START + timedelta(hours=1))
    with at(0):
        for _ in range(4):
            tocsin.notify("message:internal", title="x", to=["user:ana"], channel="memory")
        deliver_now()
    assert sent_at(3600) == 1
    assert Budget.objects.get().tokens == pytest.approx(4.0)


def test_a_channel_with_a_budget_is_not_asked_again_and_again(budgets, flood, monkeypatch) -> None:
    claims = []
    now = SimpleNamespace(moment=100.0)
    monkeypatch.setattr("tocsin.deliveries.send.time", SimpleNamespace(monotonic=lambda: now.moment))
    monkeypatch.setattr(
        "tocsin.deliveries.send.claim_deliveries", lambda *_, **__: claims.append(now.moment) or []
    )

    def asked(seconds: float) -> int:
        """How many claims a channel with free slots makes in that time, if it asks every 10 ms."""
        hand = Hand(MemoryChannel(), 10, threading.Event())
        claims.clear()
        for _ in range(int(seconds * 100)):
            now.moment += 0.01
            hand.more(10)
        return len(claims)

    budgets(email={"per_second": 1})
    assert asked(1.0) >= 16
    budgets(memory={"per_second": 1})
    assert asked(1.0) <= 4


def test_every_attempt_costs_a_token(budgets, flood) -> None:
    budgets(memory={"per_second": 0.001, "burst": 9})
    MemoryChannel.script = lambda message: Retry(Cause.TIMEOUT, after=1.0)
    with at(0):
        flood(1)
        deliver_now()
    sent_at(60)
    assert Delivery.objects.get().attempt == 2
    assert Budget.objects.get().tokens == pytest.approx(7.06)


def test_explain_says_that_a_budget_is_waited_for(budgets, person) -> None:
    budgets(memory={"per_second": 1})
    user = person("ana")
    with at(0):
        for title in "first", "second":
            tocsin.notify("message:internal", title=title, to=["user:ana"], channel="memory")
        deliver_now()
        waiting = Delivery.objects.get(state="pending").event
        assert "waits for its turn" in " ".join(explain(waiting, user).sentences)
        assert is_spent("memory")
    with at(2):
        assert not is_spent("memory")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("given", [{"per_second": 20}, {"at_once": 20}])
def test_workers_at_once_never_take_more_than_there_is(budgets, flood, given) -> None:
    budgets(memory=given)
    with at(0):
        flood(120)
        taken: list[int] = []

        def claim() -> None:
            try:
                for _ in range(6):
                    taken.extend(row.id for row in claim_deliveries("memory", 7))
            finally:
                connections.close_all()

        in_threads(claim)
    assert len(taken) == len(set(taken)) == 20


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["email"], "must be a dict of dicts"),
        ({"email": 50}, "must be a dict of dicts"),
        ({"email": {}}, "neither per_second nor at_once"),
        ({"email": {"a_second": 5}}, "has a_second; known are per_second, burst, at_once"),
        ({"email": {"per_second": 0}}, "wrong per_second"),
        ({"email": {"per_second": True}}, "wrong per_second"),
        ({"email": {"per_second": "5"}}, "wrong per_second"),
        ({"email": {"per_second": 5, "burst": 0.5}}, "wrong burst"),
        ({"email": {"burst": 5, "at_once": 1}}, "burst of nothing"),
        ({"email": {"at_once": 1.5}}, "whole number"),
        ({"https://hooks.example.com": {"at_once": 1}}, "no host name"),
        ({"Hooks.Example.com": {"at_once": 1}}, "no host name"),
        ({"hooks.example.com:8443": {"at_once": 1}}, "no host name"),
        ({"emial": {"at_once": 1}}, "names the channel 'emial'"),
        ({"message": {"at_once": 1}}, "no channel that sends"),
    ],
)
def test_a_bad_budget_is_refused_by_name(settings, given, said) -> None:
    settings.TOCSIN = settings.TOCSIN | {"BUDGETS": given}
    [found] = [*checks.check_settings(), *checks.check_budgets()]
    assert said in found.msg


def test_a_misspelt_channel_is_told_the_nearest(settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"BUDGETS": {"emial": {"at_once": 1}}}
    [found] = checks.check_budgets()
    assert found.hint == "Did you mean 'email'?"


@pytest.mark.parametrize(
    "key", ["email", "action", "localhost", "hooks.example.com", "10.0.0.1", "2001:db8::1"]
)
def test_channels_and_hosts_may_have_budgets(settings, key) -> None:
    settings.TOCSIN = settings.TOCSIN | {"BUDGETS": {key: {"per_second": 5, "burst": 20, "at_once": 3}}}
    assert [*checks.check_settings(), *checks.check_budgets()] == []
