"""The seam and far sides that want, or need, to be left alone: nothing reaches them meanwhile."""

from __future__ import annotations

import threading
import time

import pytest

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import HttpSink, Reply
from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Rejected, Retry, Sent
from tocsin.channels.http.rests import FIRST_SECONDS, OPENS_AFTER, Rests

ALOT = 20


class ShiftedRests(Rests):
    """Rests whose clock runs `ahead` of the machine's."""

    ahead = 0.0

    def wait(self, origin, request, now, **given):
        return super().wait(origin, request, now + self.ahead, **given)

    def learn(self, origin, request, outcome, now, **given):
        return super().learn(origin, request, outcome, now + self.ahead, **given)


@pytest.fixture(autouse=True)
def rests(settings, monkeypatch):
    """The seam's table, empty, with a clock that tests may move."""
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    found = ShiftedRests()
    monkeypatch.setattr("tocsin.channels.http.run._rests", found)
    return found


@pytest.fixture
def patient(monkeypatch):
    """What is over a host's share is kept in memory, however slow this machine is."""
    monkeypatch.setattr("tocsin.channels.http.run.HOLD_SECONDS", 60.0)


def ask(url, read=http.classify, **kwargs):
    return http.post(http.Request(url, b"", {}), read, deadline=kwargs.pop("deadline", 10.0), **kwargs)


def until_asked(url):
    """Ask until the host does not rest any more."""
    deadline = time.monotonic() + 20
    while isinstance(outcome := ask(url), Later):
        assert time.monotonic() < deadline
    return outcome


def builder(url):
    return lambda number: http.Request(f"{url}{number}", b"%d" % number, {})


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("status", [429, 503])
def test_no_request_comes_earlier_than_the_far_side_allowed(status):
    busy = Reply(status, headers={"retry-after": "1"})
    with HttpSink([busy, Reply()]) as sink:
        done = dict(http.post_many(ListFeed(range(ALOT)), builder(sink.url), slots=4))
        assert (done[0].cause, done[0].after) == (Cause.THROTTLED, 1.0)
        assert len(sink.requests) == 1, "what was held for the host went out"
        assert until_asked(sink.url) == Sent()
        assert sink.requests[1].at - sink.requests[0].at >= 1.0
    waits = [done[number].after for number in range(1, ALOT)]
    assert {type(done[number]) for number in range(1, ALOT)} == {Later}
    assert {done[number].cause for number in range(1, ALOT)} == {Cause.HOST_RESTS}
    assert 0.5 < waits[0] <= 1.0
    assert waits == sorted(set(waits)), "they come back in their order, one after the other"


def test_a_wish_in_the_body_counts_too():
    def read(response):
        return Retry(Cause.THROTTLED, "ratelimited", after=30) if response.body else Sent()

    with HttpSink([Reply(200, b'{"ok": false}')]) as sink:
        assert isinstance(ask(sink.url, read), Retry)
        outcome = ask(sink.url, read)
        assert isinstance(outcome, Later)
        assert 20 < outcome.after <= 30
        assert len(sink.requests) == 1


def test_a_pause_is_for_one_account_where_the_far_side_counts_by_accounts():
    with HttpSink([Reply(429, headers={"retry-after": "60"}), Reply()]) as sink:
        accounts = [http.Request(sink.url, b"", {}, limit_key=name) for name in ("a", "b", "")]
        assert isinstance(http.post(accounts[0]), Retry)
        assert [type(http.post(account)) for account in accounts] == [Later, Sent, Sent]


def test_what_a_person_tries_passes_an_open_circuit_but_no_pause():
    with HttpSink([Reply(500)] * OPENS_AFTER + [Reply(429, headers={"retry-after": "60"})]) as sink:
        for _ in range(OPENS_AFTER):
            assert ask(sink.url).cause == Cause.SERVER_ERROR
        assert isinstance(ask(sink.url), Later)
        assert len(sink.requests) == OPENS_AFTER
        assert ask(sink.url, probe=True).cause == Cause.THROTTLED
        assert isinstance(ask(sink.url, probe=True), Later)
        assert isinstance(ask(sink.url), Later)
        assert len(sink.requests) == OPENS_AFTER + 1


@pytest.mark.parametrize("fault", ["drop", "reset", "garbage", "cut", "tarpit"])
def test_a_host_that_fails_is_left_alone_and_no_other_is(fault):
    with HttpSink([Reply(fault=fault)]) as broken, HttpSink() as fine:
        for _ in range(OPENS_AFTER):
            assert isinstance(ask(broken.url, deadline=0.2), Retry)

        def build(number):
            return http.Request(broken.url if number % 2 else fine.url, b"", {})

        done = dict(http.post_many(ListFeed(range(ALOT)), build))
        assert len(broken.requests) <= OPENS_AFTER + 1, "curl itself tries a kept connection that died again"
    assert {type(done[number]) for number in range(0, ALOT, 2)} == {Sent}
    assert {done[number].cause for number in range(1, ALOT, 2)} == {Cause.HOST_RESTS}


def test_when_it_is_time_one_request_asks_and_its_answer_decides(rests, caplog):
    caplog.set_level("INFO", "tocsin.channels.http")
    gate = threading.Event()
    with HttpSink([Reply(500)] * (OPENS_AFTER + 1) + [Reply(gate=gate), Reply()]) as sink:
        for _ in range(OPENS_AFTER):
            ask(f"{sink.url}very-secret?token=abcdef")
        rests.ahead += FIRST_SECONDS
        assert ask(f"{sink.url}very-secret?token=abcdef").cause == Cause.SERVER_ERROR
        rests.ahead += FIRST_SECONDS
        assert isinstance(ask(f"{sink.url}very-secret?token=abcdef"), Later), "the second rest is longer"
        rests.ahead += FIRST_SECONDS
        probe = threading.Thread(target=ask, args=[f"{sink.url}very-secret?token=abcdef"])
        probe.start()
        sink.wait_for(OPENS_AFTER + 2)
        assert [type(ask(f"{sink.url}very-secret?token=abcdef")) for _ in range(5)] == [Later] * 5
        assert len(sink.requests) == OPENS_AFTER + 2
        gate.set()
        probe.join(20)
        assert ask(f"{sink.url}very-secret?token=abcdef") == Sent()
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        ("WARNING", f"http://127.0.0.1:{sink.port} failed 5 times in a row; it is left alone for a while"),
        ("INFO", f"http://127.0.0.1:{sink.port} answers again"),
    ]


def test_refusals_open_no_circuit():
    with HttpSink([Reply(404)]) as sink:
        done = [ask(sink.url) for _ in range(OPENS_AFTER * 2)]
    assert {type(outcome) for outcome in done} == {Rejected}


def test_a_batch_that_is_closed_while_it_probes_leaves_room_for_the_next(rests):
    script = [Reply(500)] * OPENS_AFTER + [Reply(fault="tarpit"), Reply()]
    with HttpSink(script) as sink, HttpSink() as fine:
        for _ in range(OPENS_AFTER):
            ask(sink.url)
        rests.ahead += FIRST_SECONDS
        hosts = [sink.url, fine.url]
        run = http.post_many(ListFeed([0, 1]), lambda number: http.Request(hosts[number], b"", {}))
        assert next(run) == (1, Sent())
        sink.wait_for(OPENS_AFTER + 1)
        run.close()
        assert ask(sink.url) == Sent()


def test_a_probe_that_cannot_be_started_leaves_room_for_the_next(rests):
    with HttpSink([Reply(500)] * OPENS_AFTER + [Reply()]) as sink:
        for _ in range(OPENS_AFTER):
            ask(sink.url)
        rests.ahead += FIRST_SECONDS
        assert http.post(http.Request(sink.url, b"", {"x": "a\nb"})).cause == Cause.BUG
        assert ask(sink.url) == Sent()


def test_hosts_can_be_forgotten():
    with HttpSink([Reply(429, headers={"retry-after": "60"}), Reply()]) as sink:
        ask(sink.url)
        assert isinstance(ask(sink.url), Later)
        http.forget_rests()
        assert ask(sink.url) == Sent()
