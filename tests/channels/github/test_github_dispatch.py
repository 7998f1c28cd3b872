"""Dispatches: what workflows are told, and what is left out of what is too large."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.channels.github.given import DISPATCH, send
from tocsin.channels.base import Cause, Rejected, Sent
from tocsin.testing import make_message


@pytest.mark.parametrize("action", ["open", "update", "acknowledge", "resolve"])
def test_a_dispatch_tells_workflows_what_to_do(github, action):
    assert send(given=DISPATCH, action=action, thread="x") == Sent()
    [body] = github.dispatches
    assert body["event_type"] == "invoice:paid"
    payload = body["client_payload"]
    assert (payload["action"], payload["key"]) == (action, make_message().key)
    assert payload["event"]["data"] == {"invoice": 42}
    assert github.calls == ["POST dispatches"]


def test_the_event_type_of_a_dispatch_is_the_owners(github):
    send(given=DISPATCH | {"event_type": "deploy"})
    assert github.dispatches[0]["event_type"] == "deploy"


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"data": {"log": "é" * 40_000}}, ["data"]),
        ({"body": '"' * 70_000}, ["data", "body"]),
        ({"data": {"log": "x" * 50_000}, "body": "y" * 63_000}, ["data"]),
    ],
)
def test_a_dispatch_that_is_too_large_says_what_it_lost(github, changes, gone):
    assert send(given=DISPATCH, **changes) == Sent()
    assert github.dispatches[0]["client_payload"]["shortened"] == gone


def test_a_dispatch_of_many_events_loses_the_further_ones_first(github):
    event = make_message().event
    events = tuple(replace(event, body="x" * 20_000) for _ in range(5))
    send(given=DISPATCH, events=events, group_key="")
    payload = github.dispatches[0]["client_payload"]
    assert (payload["events"], payload["shortened"]) == ([], ["events"])


def test_an_event_that_no_shortening_makes_fit_is_refused(github):
    outcome = send(given=DISPATCH, url="https://x.example/" + "x" * 70_000)
    assert isinstance(outcome, Rejected)
    assert outcome.cause == Cause.TOO_LARGE
    assert github.calls == []
