"""Requests that keep a distance from one another, because their far side asks for it."""

from __future__ import annotations

import itertools

import pytest

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import HttpSink, Reply
from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Sent
from tocsin.channels.http.gaps import Gaps

GAP = 0.2


@pytest.fixture(autouse=True)
def _loopback_allowed(settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}


def request(sink, name, gap=GAP, account="a"):
    return http.Request(f"{sink.url}{name}", b"{}", {}, limit_key=account, gap=gap)


def test_requests_of_an_account_lie_a_gap_apart():
    with HttpSink() as sink:
        made = [request(sink, f"{n}") for n in range(3)]
        outcomes = [outcome for _, outcome in http.post_many(ListFeed(made), lambda one: one, share=1.0)]
        assert outcomes == [Sent()] * 3
        came = [seen.at for seen in sink.requests]
        assert all(after - before >= GAP - 0.01 for before, after in itertools.pairwise(came))


def test_what_has_no_gap_or_another_account_waits_for_nobody():
    """It would have no time to."""

    def talk():
        yield request(sink, "one", gap=60.0)
        yield request(sink, "two", gap=0.0)
        yield request(sink, "three", gap=60.0, account="b")
        return Sent()

    with HttpSink() as sink:
        assert http.converse(talk(), deadline=20.0) == Sent()


def test_the_gap_of_a_slow_request_begins_when_it_has_ended():
    with HttpSink([Reply(delay=GAP * 2)]) as sink:
        for _ in range(2):
            http.post(request(sink, "x"))
        first, second = (seen.at for seen in sink.requests)
        assert second - first >= GAP * 3 - 0.01


def test_a_conversation_that_has_no_time_for_its_gap_goes_back_untried():
    def talk():
        yield request(sink, "one", gap=60.0)
        yield request(sink, "two", gap=60.0)
        raise AssertionError("there was no time for the second")

    with HttpSink() as sink:
        outcome = http.converse(talk(), deadline=20.0)
        assert isinstance(outcome, Later)
        assert outcome.cause == Cause.BUSY
        assert 20 < outcome.after <= 60
        assert [seen.path for seen in sink.requests] == ["/one"]


def test_the_table_of_gaps_is_bounded():
    gaps = Gaps(limit=2)
    for account in "abc":
        one = http.Request("https://x.example", b"", {}, limit_key=account, gap=1.0)
        assert gaps.wait("x", one, 5.0) == 0.0
        assert gaps.wait("x", one, 5.5) == 0.5
        gaps.ended("x", one, 6.0)
        assert gaps.wait("x", one, 6.5) == 0.5
    assert len(gaps) == 2
