"""Hints by way of a broker: the side that follows them, inside a worker of Celery.

The task of a hint works its channel off and knows nothing else: no result, no arguments but the channel, no time at
which it is to run. What is due at a time, and what was lost, is found by a sweep in each worker's first process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from celery import shared_task, signals
from django.db import connections

from tocsin import conf, engines
from tocsin.channels import registry
from tocsin.engines import PLAN, broker, minder
from tocsin.engines.pool import work_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.engines import Work
    from tocsin.engines.minder import Loop

LOOK_SECONDS = 0.5
SLICE_SECONDS = 5.0
"""So long a channel may keep a process to itself; then the next hint has its turn, and it has another one."""

_ending: Any = multiprocessing.get_context("fork").RawValue("b", 0)
"""1 in all processes of this worker when it was told to end. No lock, for one that is killed would keep it."""
_of_a_pool: set[int] = set()
"""The id of this process, if Celery's prefork pool has made it."""
_at_work = threading.Event()
"""While this process, of a pool, works for us."""
_loops: list[Loop] = []
_renewers: dict[int, Loop] = {}
_lock = threading.Lock()


class Slice(threading.Event):
    """Is set by itself when the time is over, or the worker is to end."""

    def __init__(self) -> None:
        super().__init__()
        self._over = time.monotonic() + SLICE_SECONDS
        self.is_told = False

    def end(self, *_: Any) -> None:
        """End early: this process got a signal."""
        self.is_told = True

    @property
    def is_last(self) -> bool:
        return self.is_told or bool(_ending.value)

    def is_set(self) -> bool:
        return time.monotonic() >= self._over or self.is_last


@shared_task(name=broker.TASK, ignore_result=True)
def work(channel: str, *_more: Any, **_named: Any) -> None:
    """Work a channel (or "plan") off, for a slice of time at most. A hint at what is not here is dropped.

    What else a newer release says beside the channel is not needed to do the work.
    """
    given = engines.work()
    if given is None or (channel != PLAN and channel not in registry.carriers()):
        return
    _mind_from_now_on(given)
    turn = Slice()
    _at_work.set()
    try:
        with _finishing_first(turn):
            work_off(given, channel, turn)
    finally:
        _at_work.clear()
        connections.close_all()
    if turn.is_set() and not turn.is_last:
        broker.hint(channel)


def _mind_from_now_on(given: Work) -> None:
    """What this process has in hand is known to it alone: it renews the leases itself, and lets go in the end."""
    pid = os.getpid()
    with _lock:
        if pid not in _renewers:
            _renewers.clear()
            _renewers[pid] = minder.renewer(given)
            _renewers[pid].start()
            if pid in _of_a_pool:
                threading.Thread(target=_end_in_time, args=[given], name="tocsin-end", daemon=True).start()


def _end_in_time(given: Work) -> None:
    """A far side that hangs must not hold up the end: Celery waits for its processes as long as they take."""
    while not _ending.value:
        time.sleep(LOOK_SECONDS)
    time.sleep(engines.DRAIN_SECONDS)
    if not _at_work.is_set():  # a task of the host's own has all the time that Celery gives it
        return
    try:
        given.let_go()
    finally:
        os._exit(0)


@contextmanager
def _finishing_first(turn: Slice) -> Iterator[None]:
    """Let SIGTERM wait for what is in hand: systemd tells all processes of a unit, not only the first."""
    if os.getpid() not in _of_a_pool:
        yield
        return
    usual = signal.signal(signal.SIGTERM, turn.end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)
        if turn.is_told:
            os.kill(os.getpid(), signal.SIGTERM)


@signals.celeryd_init.connect
def _offer_queues(instance: Any, **_: Any) -> None:
    """Have the worker take from all our queues, unless it was told from which."""
    if conf.get("ENGINE") != "celery":
        return
    for channel in (PLAN, *registry.carriers()):
        instance.app.amqp.queues.select_add(broker.queue(channel))


@signals.worker_ready.connect
def _begin(**_: Any) -> None:
    given = engines.work()
    if conf.get("ENGINE") == "celery" and given is not None:
        _loops[:] = [minder.sweeper(given, broker.hint), minder.heart("celery")]
        for loop in _loops:
            loop.start()


@signals.worker_process_init.connect
def _remember(**_: Any) -> None:
    _of_a_pool.add(os.getpid())


@signals.worker_shutting_down.connect
def _tell_all(**_: Any) -> None:
    _ending.value = 1


@signals.worker_shutdown.connect
def _end(**_: Any) -> None:
    for loop in _loops:
        loop.stop(2.0)
    _loops.clear()


def _hold() -> None:
    for loop in _loops:
        loop.rest(1.0)


def _go_on() -> None:
    for loop in _loops:
        loop.go_on()


os.register_at_fork(before=_hold, after_in_parent=_go_on, after_in_child=_loops.clear)
