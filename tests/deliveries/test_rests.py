"""Far sides that rest, rest for all workers: two of them here, on one database, each with tables of its own."""

from __future__ import annotations

import time

import pytest

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Retry, Sent
from tocsin.channels.http.rests import OPENS_AFTER, Change, Rests
from tocsin.channels.http.shared import READ_SECONDS, SharedRests
from tocsin.deliveries.models import Rest
from tocsin.deliveries.rests import BOARD

pytestmark = pytest.mark.django_db

HOST = "https://hooks.example:443"
FAILS = Retry(Cause.REFUSED)


class Worker:
    """One worker's tables, and a clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.rests = SharedRests(Rests())
        self.now = time.monotonic()

    def ask(self, path="/a", key=""):
        with http.sharing(BOARD):
            return self.rests.wait(HOST, _request(path, key), self.now, seconds=30.0)

    def tell(self, outcome, path="/a", key="", status=0):
        with http.sharing(BOARD):
            return self.rests.learn(HOST, _request(path, key), outcome, self.now, status=status)

    def later(self, seconds=READ_SECONDS):
        self.now += seconds


def _request(path, key):
    return http.Request(HOST + path, b"", {}, limit_key=key)


@pytest.fixture
def pair():
    return Worker(), Worker()


def opened(worker):
    for _ in range(OPENS_AFTER):
        worker.tell(FAILS)


def its_rest_is_over(worker):
    """By the worker's clock, and by the database's."""
    worker.later(10)
    Rest.objects.update(until=clock.DatabaseNow(-1.0))


def test_a_circuit_that_one_opened_is_open_for_the_other(pair):
    one, other = pair
    assert other.ask() is None
    opened(one)
    other.later()
    assert other.ask() > 0
    assert other.ask("/b") > 0  # a refused connection speaks for the whole host


def test_addresses_that_fail_are_told_and_no_more_than_they(pair):
    one, other = pair
    for _ in range(OPENS_AFTER):
        one.tell(Retry(Cause.TIMEOUT), "/bad")
    assert other.ask("/bad") > 0
    assert other.ask("/good") is None


def test_the_one_who_probes_is_one_of_all_workers(pair):
    one, other = pair
    opened(one)
    its_rest_is_over(one)
    third = Worker()
    asked = [worker.ask() for worker in (other, third)]
    assert asked.count(None) == 1


def test_who_hears_that_it_is_well_again_asks_at_once(pair):
    one, other = pair
    opened(one)
    assert other.ask() > 0
    its_rest_is_over(one)
    assert one.ask() is None  # the probe
    assert one.tell(Sent()) is Change.CLOSED
    assert not Rest.objects.exists()
    other.later()
    assert other.ask() is None


def test_a_probe_that_failed_lengthens_the_rest_of_all(pair):
    one, other = pair
    opened(one)
    its_rest_is_over(one)
    assert one.ask() is None
    one.tell(FAILS)
    assert Rest.objects.get().backoff_seconds == 10.0
    assert 5.0 < other.ask() <= 10.1


def test_an_account_that_asked_for_quiet_has_it_from_all_workers(pair):
    one, other = pair
    one.tell(Retry(Cause.THROTTLED, after=60.0), key="slack:1", status=429)
    assert other.ask(key="slack:1") > 50
    assert other.ask(key="slack:2") is None


def test_short_wishes_are_not_worth_a_row(pair):
    one, _ = pair
    one.tell(Retry(Cause.THROTTLED, after=0.5), status=429)
    assert not Rest.objects.exists()


def test_what_was_told_is_not_told_again_and_again(pair, django_assert_num_queries):
    one, _ = pair
    one.tell(Retry(Cause.THROTTLED, after=60.0), status=429)
    with django_assert_num_queries(0):
        for _ in range(50):
            one.tell(Retry(Cause.THROTTLED, after=60.0), status=429)


def test_the_board_is_read_once_a_second(pair, django_assert_num_queries):
    one, _ = pair
    one.ask()
    with django_assert_num_queries(0):
        for _ in range(50):
            one.ask()
    one.later()
    with django_assert_num_queries(1):
        one.ask()


def test_a_board_that_is_away_costs_no_message_anything(pair, caplog):
    class Away:
        def read(self):
            raise ConnectionError("the board is away")

        tell = close = may_probe = read

    one, _ = pair
    with http.sharing(Away()):
        request = _request("/a", "")
        assert one.rests.wait(HOST, request, one.now, seconds=30.0) is None
        for _ in range(OPENS_AFTER):
            one.rests.learn(HOST, request, FAILS, one.now)
        assert one.rests.wait(HOST, request, one.now, seconds=30.0) > 0  # by what it knows itself
        assert one.rests.wait(HOST, request, one.now + 10, seconds=30.0) is None
    assert "goes by what it knows" in caplog.text


def test_without_a_board_nothing_is_shared(pair, django_assert_num_queries):
    one, _ = pair
    with django_assert_num_queries(0):
        assert one.rests.wait(HOST, _request("/a", ""), one.now, seconds=30.0) is None
        one.rests.learn(HOST, _request("/a", ""), FAILS, one.now)


def test_nothing_secret_is_written(pair):
    one, _ = pair
    for _ in range(OPENS_AFTER):
        one.tell(Retry(Cause.TIMEOUT), "/services/T0/B0/s3cret")
    row = Rest.objects.get()
    assert "s3cret" not in f"{row.origin} {row.account} {row.targets}"


def test_what_is_long_over_is_dropped(pair):
    one, _ = pair
    Rest.objects.create(origin="https://old.example", is_circuit=True, until="2020-01-01T00:00:00Z")
    one.tell(Retry(Cause.THROTTLED, after=60.0), status=429)
    assert [rest.origin for rest in Rest.objects.all()] == [HOST]
