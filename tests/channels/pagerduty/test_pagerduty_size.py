"""An alert of any size is within what PagerDuty takes, and says what is missing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.servers.pagerduty import KEY, LIMIT, PagerdutyServer
from tocsin.channels.base import Sent
from tocsin.channels.pagerduty import PagerdutyChannel
from tocsin.channels.pagerduty.alert import RESERVED
from tocsin.testing import make_message

EVENT = make_message().event


@pytest.fixture
def pagerduty(settings):
    with PagerdutyServer() as server:
        settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"], "PAGERDUTY_URL": server.url}
        yield server


def send(**changes):
    return PagerdutyChannel().send(make_message({"routing_key": KEY}, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"body": '"\\' * 200_000},
        {"body": "\U0001f600e\u0301" * 120_000},
        {"body": "x" * 700_000, "data": {"k": "v"}},
        {"body": "short", "data": {"k": ["é"] * 200_000}},
        {"body": "é" * 400_000, "data": {"k": "é" * 400_000}},
        {"events": tuple(replace(EVENT, title=f"Nr {n}", body="word " * 20_000) for n in range(12))},
        {"events": (replace(EVENT, body="x" * 600_000), replace(EVENT, body="y" * 600_000))},
    ],
)
def test_what_is_too_large_is_shortened_and_says_so(pagerduty, changes):
    assert isinstance(send(title="Nr 0", **({"data": {}} | changes)), Sent)
    [seen] = pagerduty.sink.requests
    assert len(seen.body) <= LIMIT
    details = json.loads(seen.body)["payload"]["custom_details"]
    told = [details, *details.get("events", [])]
    notes = [one["body"] for one in told if one["body"].endswith("\n… The text was shortened.")]
    notes += [one["data"] for one in told if str(one.get("data", "")).startswith("… left out: ")]
    assert notes
    assert len(told) + details.get("events_omitted", 0) == len(changes.get("events", [EVENT]))
    assert "\ufffd" not in seen.body.decode()


def test_what_just_fits_is_whole(pagerduty):
    send(body="", data={})
    room = LIMIT - RESERVED - len(pagerduty.sink.requests[0].body)
    for size, is_cut in ((room - 200, False), (room + 200, True)):
        send(body="x" * size, data={})
        body = pagerduty.events[-1]["payload"]["custom_details"]["body"]
        assert body.endswith("shortened.") is is_cut


def test_a_long_summary_is_cut_to_what_pagerduty_takes(pagerduty, settings):
    settings.TOCSIN = settings.TOCSIN | {"SUBJECT_PREFIX": "é" * 2000}
    assert isinstance(send(), Sent)
    summary = pagerduty.events[0]["payload"]["summary"]
    assert len(summary) == 1024
    assert summary.endswith("…")
