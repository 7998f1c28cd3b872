"""The line in front of a host: how long a surplus message waits."""

from __future__ import annotations

import pytest

from tocsin.channels.http.lines import (
    FIRST_SECONDS,
    HOLD_SECONDS,
    LONGEST_SPREAD_SECONDS,
    SPREAD_SECONDS,
    Line,
    Lines,
)


def test_a_line_to_an_unknown_host_is_short():
    assert Line().expected(1000, 16) == 0.0


def test_each_round_of_the_share_costs_one_request():
    line = Line()
    line.learn(0.2)
    assert [line.expected(ahead, 16) for ahead in (0, 15, 16, 47)] == pytest.approx([0.2, 0.2, 0.4, 0.6])


def test_places_grow_apart_with_the_slowness_of_the_host():
    line = Line()
    line.learn(16.0)
    assert [line.place(100.0, 16) for _ in range(4)] == pytest.approx([1.0, 2.0, 3.0, 4.0])


def test_the_first_place_is_a_second_away_and_the_last_a_minute():
    line = Line()
    line.learn(30.0)
    places = [line.place(100.0, 16) for _ in range(1000)]
    assert places[0] == FIRST_SECONDS
    assert places[-1] == SPREAD_SECONDS
    assert places == sorted(places)


def test_a_crowd_before_a_host_that_stays_slow_comes_back_ever_less_often():
    """Fifty thousand of them that come back every minute would keep a worker from all other work."""
    line = Line()
    line.learn(30.0)
    waits = [max(line.place(100.0 + minute * 60.0, 16) for _ in range(1000)) for minute in range(60)]
    assert waits[1] == SPREAD_SECONDS
    assert waits[5] == 300.0
    assert waits[-1] == LONGEST_SPREAD_SECONDS
    assert (
        line.place(100.0 + 2 * 3600, 16) == FIRST_SECONDS
    )  # all of them were here again, and the line is empty
    assert max(line.place(100.0 + 2 * 3600, 16) for _ in range(1000)) == SPREAD_SECONDS


def test_the_line_shrinks_as_time_passes():
    line = Line()
    line.learn(16.0)
    for _ in range(10):
        line.place(100.0, 16)
    assert line.place(105.0, 16) == pytest.approx(6.0)
    assert line.place(500.0, 16) == FIRST_SECONDS


def test_a_host_that_is_quick_again_has_no_line():
    line = Line()
    line.at_least(30.0)
    for _ in range(1000):
        line.place(100.0, 16)
    for _ in range(30):
        line.learn(0.01)
    assert line.latency < HOLD_SECONDS
    assert line.place(100.0, 16) == FIRST_SECONDS


def test_the_table_of_hosts_is_bounded():
    lines = Lines(limit=10)
    for number in range(100):
        lines.of(f"http://h{number}:80").learn(1.0)
    assert len(lines) == 10
    assert lines.of("http://h99:80").latency == 1.0
