"""Hints by way of a broker: the side that follows them, inside a worker of Celery.

The task of a hint works its channel off and knows nothing else: no result, no arguments but the channel, no time at
which it is to run. What is due at a time, and what was lost, is found by a sweep in each worker's first process.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from celery import shared_task, signals
from django.db import connections

from tocsin import conf, engines
from tocsin.channels import registry
from tocsin.engines import PLAN, broker, minder
from tocsin.engines.pool import work_off

if TYPE_CHECKING:
    from tocsin.engines.minder import Loop

SLICE_SECONDS = 5.0
"""So long a channel may keep a process to itself; then the next hint has its turn, and it has another one."""

_ending: Any = multiprocessing.get_context("fork").Event()
"""Set in all processes of this worker when it was told to end."""
_loops: list[Loop] = []
_renewers: dict[int, Loop] = {}
_lock = threading.Lock()


class Slice(threading.Event):
    """Is set by itself when the time is over, or the worker is to end."""

    def __init__(self) -> None:
        super().__init__()
        self._over = time.monotonic() + SLICE_SECONDS

    def is_set(self) -> bool:
        return time.monotonic() >= self._over or _ending.is_set()


@shared_task(name=broker.TASK, ignore_result=True)
def work(channel: str) -> None:
    """Work a channel (or "plan") off, for a slice of time at most. A hint at what is not here is told and dropped."""
    given = engines.work()
    if given is None or (channel != PLAN and channel not in registry.carriers()):
        return
    _renew_from_now_on()
    turn = Slice()
    try:
        work_off(given, channel, turn)
    finally:
        connections.close_all()
    if turn.is_set() and not _ending.is_set():
        broker.hint(channel)


def _renew_from_now_on() -> None:
    """What this process has in hand is known to it alone: it renews the leases itself."""
    given, pid = engines.work(), os.getpid()
    with _lock:
        if pid not in _renewers and given is not None:
            _renewers.clear()
            _renewers[pid] = minder.renewer(given)
            _renewers[pid].start()


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


@signals.worker_shutting_down.connect
def _tell_all(**_: Any) -> None:
    _ending.set()


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
