"""Pauses and circuits by the table: what a far side said or did, and who may be asked when."""

from __future__ import annotations

import pytest

from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Rejected, Retry, Sent
from tocsin.channels.http.rests import (
    FIRST_SECONDS,
    LONGEST_PAUSE_SECONDS,
    LONGEST_SECONDS,
    OPENS_AFTER,
    PROBE_SECONDS,
    SPREAD_SECONDS,
    STEP_SECONDS,
    WHOLE_HOST,
    Change,
    Rests,
)

HOST, OTHER = "https://hooks.example:443", "https://other.example:443"
FAILS = Retry(Cause.SERVER_ERROR)


class Desk:
    """A table of rests, and a clock that moves only when it is told to."""

    def __init__(self, **given) -> None:
        self.rests = Rests(**given)
        self.now = 1000.0

    def ask(self, path="/a", *, origin=HOST, key="", probe=False):
        request = http.Request(origin + path, b"", {}, limit_key=key)
        return self.rests.wait(origin, request, self.now, seconds=30.0, probe=probe)

    def tell(self, outcome, path="/a", *, origin=HOST, key="", status=0):
        request = http.Request(origin + path, b"", {}, limit_key=key)
        return self.rests.learn(origin, request, outcome, self.now, status=status)

    def fail(self, times=OPENS_AFTER, path="/a", outcome=FAILS, origin=HOST):
        return [self.tell(outcome, path, origin=origin) for _ in range(times)]


@pytest.fixture
def desk():
    return Desk()


def test_who_is_well_is_in_no_table(desk):
    assert desk.ask() is None
    assert desk.tell(Sent()) is None
    assert len(desk.rests) == 0


@pytest.mark.parametrize(
    ("after", "rests"),
    [
        (7.0, 7.0),
        (7, 7.0),
        (0.5, 0.5),
        (1e9, LONGEST_PAUSE_SECONDS),
        (10**400, LONGEST_PAUSE_SECONDS),
        (float("inf"), LONGEST_PAUSE_SECONDS),
        (0, None),
        (-3, None),
        (float("nan"), None),
        (None, None),
        ("soon", None),
    ],
)
@pytest.mark.parametrize("cause", [Cause.THROTTLED, "my own cause", ["no cause"]])
def test_a_wish_for_quiet_is_granted_within_reason(desk, cause, after, rests):
    desk.tell(Retry(cause, "", after), status=429)
    assert desk.ask() == rests
    assert desk.ask(probe=True) == (rests if rests is None else pytest.approx(rests + STEP_SECONDS))
    assert desk.ask(origin=OTHER) is None


def test_it_is_granted_to_the_second_and_not_longer(desk):
    desk.tell(Retry(Cause.THROTTLED, "", 7.0))
    desk.now += 6.999
    assert desk.ask() == pytest.approx(0.001)
    desk.now += 0.001
    assert desk.ask() is None
    assert len(desk.rests) == 0


def test_a_shorter_wish_does_not_cut_a_longer_one(desk):
    desk.tell(Retry(Cause.THROTTLED, "", 60.0))
    desk.tell(Retry(Cause.THROTTLED, "", 1.0))
    assert desk.ask() == 60.0


def test_a_yes_does_not_end_a_pause(desk):
    desk.tell(Retry(Cause.THROTTLED, "", 60.0))
    desk.tell(Sent())
    assert desk.ask() == 60.0


def test_a_pause_is_for_the_key_that_the_far_side_counts_by(desk):
    desk.tell(Retry(Cause.THROTTLED, "", 7.0), key="token-a")
    assert desk.ask(key="token-a", path="/another") is not None
    assert desk.ask(key="token-b") is None
    assert desk.ask() is None
    assert desk.ask(key="token-a", origin=OTHER) is None


def test_those_who_wait_come_back_in_their_order_and_not_at_once(desk):
    desk.tell(Retry(Cause.THROTTLED, "", 7.0))
    places = [desk.ask() for _ in range(100)]
    assert places[0] == 7.0
    assert places == sorted(set(places))
    assert places[-1] == pytest.approx(7.0 + 99 * STEP_SECONDS)


def test_the_last_of_very_many_does_not_wait_for_ever(desk):
    desk.tell(Retry(Cause.THROTTLED, "", 7.0))
    waits = {desk.ask() for _ in range(int(SPREAD_SECONDS / STEP_SECONDS) + 100)}
    assert max(waits) == 7.0 + SPREAD_SECONDS


def test_a_crowd_before_a_host_that_stays_down_comes_back_ever_less_often(desk):
    spreads = []
    for _ in range(12):
        desk.fail()
        waits = [desk.ask() for _ in range(80_000)]
        spreads.append(round(waits[-1] - waits[0]))
        desk.now += 61.0
    assert spreads[:3] == [120, 120, 122]
    assert spreads[5:8] == [305, 366, 400]  # as many places as there are messages are enough
    desk.tell(Sent())
    desk.fail()
    assert round(max(desk.ask() for _ in range(80_000))) == FIRST_SECONDS + 120


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Retry(Cause.REFUSED), 0),
        (Retry(Cause.TIMEOUT), 0),
        (Retry(Cause.DISCONNECTED), 0),
        (Retry(Cause.DNS), 0),
        (Retry(Cause.TLS), 0),
        (Retry(Cause.SERVER_ERROR), 0),
        (Retry(Cause.SERVER_ERROR), 500),
        (Retry(Cause.SERVER_ERROR), 200),
    ],
)
def test_a_run_of_failures_opens_the_circuit(desk, outcome, status):
    for _ in range(OPENS_AFTER - 1):
        assert desk.tell(outcome, status=status) is None
        assert desk.ask() is None
    assert desk.tell(outcome, status=status) is Change.OPENED
    assert desk.ask() == FIRST_SECONDS
    assert desk.ask(origin=OTHER) is None
    assert desk.ask(probe=True) is None


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Sent(), 200),
        (Rejected(Cause.REFUSED_RECIPIENT), 404),
        (Rejected(Cause.REDIRECT), 302),
        (Retry(Cause.TIMEOUT), 408),
        (Retry(Cause.THROTTLED), 429),
        (Retry(Cause.BUG), 200),
        (Later(Cause.BUSY), 200),
        (None, 200),
    ],
)
def test_an_answer_ends_the_run_and_closes_the_circuit(desk, outcome, status):
    desk.fail(OPENS_AFTER - 1)
    assert desk.tell(outcome, status=status) is None
    assert len(desk.rests) == 0
    desk.fail()
    assert desk.tell(outcome, "/any", status=status) is Change.CLOSED
    assert desk.ask() is None


def test_a_blocked_address_says_nothing_of_the_host(desk):
    desk.fail(20, outcome=Retry(Cause.ADDRESS_BLOCKED))
    assert desk.ask() is None
    desk.fail()
    desk.tell(Retry(Cause.ADDRESS_BLOCKED))
    assert desk.ask() == FIRST_SECONDS


def test_one_probe_at_a_time_decides(desk):
    desk.fail()
    desk.now += FIRST_SECONDS
    assert desk.ask() is None
    assert [desk.ask() for _ in range(2)] == pytest.approx([PROBE_SECONDS, PROBE_SECONDS + STEP_SECONDS])
    assert desk.tell(Sent()) is Change.CLOSED
    assert desk.ask() is None


def test_a_probe_that_never_ends_makes_room_for_another(desk):
    desk.fail()
    desk.now += FIRST_SECONDS
    assert desk.ask() is None
    desk.now += 30.0
    assert desk.ask() is None


@pytest.mark.parametrize("released", ["by hand", "by a blocked address"])
def test_a_probe_without_news_makes_room_for_another(desk, released):
    desk.fail()
    desk.now += FIRST_SECONDS
    assert desk.ask() is None
    if released == "by hand":
        desk.rests.release(HOST)
    else:
        desk.tell(Retry(Cause.ADDRESS_BLOCKED))
    assert desk.ask() is None


def test_the_rest_doubles_with_each_probe_that_fails_up_to_a_minute(desk):
    desk.fail()
    rests = []
    for _ in range(8):
        rests.append(desk.ask())
        desk.now += rests[-1]
        assert desk.ask() is None
        assert desk.tell(FAILS) is None
    assert rests == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0]
    assert (rests[0], rests[-1]) == (FIRST_SECONDS, LONGEST_SECONDS)


def test_what_was_under_way_when_it_opened_does_not_lengthen_the_rest(desk):
    desk.fail()
    desk.now += 1.0
    desk.fail(30)
    assert desk.ask() == FIRST_SECONDS - 1.0


def test_a_circuit_that_closed_begins_anew(desk):
    desk.fail()
    desk.now += FIRST_SECONDS
    desk.fail(1)
    desk.tell(Sent())
    desk.fail()
    assert desk.ask() == FIRST_SECONDS


def test_a_failing_address_does_not_silence_its_neighbours(desk):
    desk.fail(50, "/broken")
    assert desk.ask("/broken") == FIRST_SECONDS
    assert desk.ask("/fine") is None
    assert desk.ask("/broken", key="account") is None


def test_a_few_failing_addresses_speak_for_the_host(desk):
    for number in range(WHOLE_HOST):
        desk.fail(2, f"/{number}")
    assert desk.ask("/unheard-of") == FIRST_SECONDS


def test_a_neighbour_that_fails_too_is_covered_by_the_open_circuit(desk):
    desk.fail(path="/0")
    desk.tell(FAILS, "/1")
    assert desk.ask("/1") == FIRST_SECONDS
    assert desk.ask("/2") is None
    desk.tell(FAILS, "/2")
    assert desk.ask("/3") is not None


@pytest.mark.parametrize("cause", [Cause.REFUSED, Cause.DNS, Cause.TLS])
def test_a_host_that_cannot_be_reached_rests_as_a_whole(desk, cause):
    desk.fail(path="/a", outcome=Retry(cause))
    assert desk.ask("/b") == FIRST_SECONDS


def test_both_tables_are_bounded_and_those_gives_way_who_would_be_asked_first():
    desk = Desk(limit=10)
    for number in range(100):
        desk.tell(Retry(Cause.THROTTLED, "", 1.0 + number), key=f"k{number}")
        desk.fail(1, origin=f"https://h{number}:443")
    assert len(desk.rests) == 20
    assert desk.ask(key="k99") == 100.0
    assert desk.ask(key="k1") is None


def test_all_can_be_forgotten(desk):
    desk.fail()
    desk.tell(Retry(Cause.THROTTLED, "", 7.0), origin=OTHER)
    desk.rests.clear()
    assert desk.ask() is None
    assert desk.ask(origin=OTHER) is None
