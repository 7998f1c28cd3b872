"""How GitHub is spared: of each token one message at a time and one a second, and a second between changes."""

from __future__ import annotations

import itertools
import threading

import pytest
from django.contrib.auth import get_user_model
from django.db import connections

import tocsin
from tests.channels.github.given import AS_APP, BY_TOKEN, DISPATCH, FIRST, THREAD, send
from tests.deliveries.budget_rounds import at, in_threads
from tocsin import pipeline
from tocsin.channels.base import Sent
from tocsin.channels.github import asking
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.recipients.destinations import add_destination
from tocsin.testing import deliver_now

NEVER = 1000.0
"""A gap longer than a message has time: whatever waits for it is sent away."""


@pytest.mark.parametrize("given", [BY_TOKEN, DISPATCH, AS_APP])
def test_the_first_change_by_a_token_waits_for_nothing(github, monkeypatch, given):
    monkeypatch.setattr(asking, "GAP_SECONDS", NEVER)
    assert isinstance(send(given=given), Sent)


def test_who_only_asks_waits_for_nothing(github, monkeypatch):
    send()
    monkeypatch.setattr(asking, "GAP_SECONDS", NEVER)
    assert send(group_key="other", delivery_id=2) == Sent("acme/web/issues/2")
    github.calls.clear()
    github.close(1)
    assert send(thread=THREAD, action="resolve", delivery_id=3, attempt=2).after > 30
    assert github.calls == ["GET issues/1", "GET issues/1/comments"]


def test_changes_by_one_token_lie_a_gap_apart(github, monkeypatch):
    monkeypatch.setattr(asking, "GAP_SECONDS", 0.2)
    send()
    assert send(thread=THREAD, action="resolve", delivery_id=2) == FIRST
    github.tokens.add("ghp_an0ther")
    assert isinstance(send(given=BY_TOKEN | {"token": "ghp_an0ther"}, group_key="", delivery_id=3), Sent)
    changes = [one for one in github.sink.requests if one.method != "GET"]
    first, second, third, _ = changes
    assert [one.method for one in changes] == ["POST", "PATCH", "POST", "POST"]
    for before, after in itertools.pairwise((first, second, third)):
        assert after.at - before.at >= 0.19  # by the wall clock, which may be put right meanwhile


@pytest.fixture
def told(db, github):
    """Events without a group for two destinations: five by one token, and a single one by another."""
    for name, token in (("ana", BY_TOKEN["token"]), ("bob", "ghp_an0ther")):
        user = get_user_model().objects.create_user(name)
        add_destination(user, "github", BY_TOKEN | {"token": token})
    github.tokens.add("ghp_an0ther")
    with at(0):
        for number in range(5):
            tocsin.notify("message:internal", title=f"Nr {number}", channel="github", to=["user:ana"])
        tocsin.notify("message:internal", title="single", channel="github", to=["user:bob"])


def sent_at(github, second):
    """The titles of the issues that one more round makes."""
    before = len(github.issues)
    with at(second):
        deliver_now()
    return [issue["title"] for issue in github.issues.values()][before:]


def test_a_flood_by_one_token_goes_at_its_pace_burns_no_attempt_and_holds_up_nobody(told, github):
    assert sorted(sent_at(github, 0)) == ["● Nr 0", "● single"]
    waiting = Delivery.objects.exclude(state="sent")
    assert set(waiting.values_list("state", "reason", "attempt")) == {("pending", "budget", 0)}
    later = [sent_at(github, second) for second in range(1, 12)]
    assert max(map(len, later)) <= 2
    assert sorted(itertools.chain(*later)) == [f"● Nr {number}" for number in range(1, 5)]
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"sent"}
    assert Attempt.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_of_one_token_all_workers_have_one_message_under_way(told, github):
    answer, under_way, most = github.sink.script, [], []

    def watched(seen):
        if BY_TOKEN["token"] not in seen.headers["authorization"]:
            return answer(seen)
        under_way.append(seen)
        most.append(len(under_way))
        threading.Event().wait(0.02)  # long enough for a second one to be seen
        under_way.remove(seen)
        return answer(seen)

    def work():
        try:
            pipeline.run("github", 16)
        finally:
            connections.close_all()

    github.sink.script = watched
    with at(0):
        pipeline.run("plan", 16)
    for second in range(60):
        if len(github.issues) < 6:
            with at(second):
                in_threads(work)
    assert len(github.issues) == 6
    assert set(most) == {1}
