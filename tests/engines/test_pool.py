"""The pool: a channel's work is done on its own thread, and nothing holds up its neighbours."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError

from tocsin.engines import Work
from tocsin.engines.pool import Pool

LONG = 10.0


@pytest.fixture
def pool():
    """Makes a pool around a `run`, and stops it afterwards."""
    made = []

    def make(run):
        made.append(Pool(Work(run, set, lambda: None, lambda channel: 10, lambda: None)))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_a_hint_runs_the_channel_until_nothing_is_left(pool) -> None:
    left, done = [3, 2, 1, 0], threading.Event()

    def run(channel, count, stop):
        taken = left.pop(0)
        if not taken:
            done.set()
        return taken

    pool(run).hint("memory")
    assert done.wait(LONG)
    assert left == []


def test_a_channel_that_hangs_holds_only_itself(pool) -> None:
    release, reached = threading.Event(), threading.Event()

    def run(channel, count, stop):
        if channel == "slow":
            release.wait(LONG)
        else:
            reached.set()
        return 0

    made = pool(run)
    made.hint("slow")
    made.hint("fast")
    assert reached.wait(LONG)
    release.set()


@pytest.mark.parametrize("error", [OperationalError("away"), ZeroDivisionError()])
def test_a_batch_that_fails_is_tried_again(pool, error, caplog) -> None:
    outcomes, done = [error, error], threading.Event()

    def run(channel, count, stop):
        if outcomes:
            raise outcomes.pop()
        done.set()
        return 0

    pool(run).hint("memory")
    assert done.wait(LONG)


def test_draining_finishes_what_is_hinted_for(pool) -> None:
    seen = []

    def run(channel, count, stop):
        if channel == "plan" and "plan" not in seen:
            made.hint("memory")
        first = channel not in seen
        seen.append(channel)
        return int(first)

    made = pool(run)
    made.hint("plan")
    assert made.drain(LONG)
    assert {"plan", "memory"} <= set(seen)


def test_draining_ends_in_time_and_tells_the_batch_to_stop(pool) -> None:
    stopped = threading.Event()

    def run(channel, count, stop):
        if stop.wait(LONG):
            stopped.set()
        return 0

    made = pool(run)
    made.hint("memory")
    assert not made.drain(0.2)
    assert stopped.wait(LONG)


def test_more_threads_where_the_settings_ask_for_them(pool, settings) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "CHANNEL_THREADS": {"memory": 3}}
    together, met = threading.Barrier(3), threading.Event()

    def run(channel, count, stop):
        if not met.is_set():
            together.wait(LONG)
            met.set()
        return 0

    pool(run).hint("memory")
    assert met.wait(LONG)
