"""The default engine: any process works with threads of its own, from its first commit or request on."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Any

from tocsin import conf, engines
from tocsin.engines.minder import Minder
from tocsin.engines.pool import Pool

IDLE_COMMANDS = frozenset(
    {"migrate", "makemigrations", "test", "check", "collectstatic", "flush", "loaddata"}
)

FORK_SECONDS = 1.0
"""How long a fork waits for the threads to be between two pieces of work."""

_running: tuple[Pool, Minder] | None = None
_lock = threading.Lock()


def hint(channel: str) -> None:
    """Wake the thread of a channel, starting the pool if this process has none yet."""
    if (pool := start()) is not None:
        pool.hint(channel)


def start(**_: Any) -> Pool | None:
    """The pool of this process; None where none may run (tests, migrations)."""
    global _running
    if _running is not None:
        return _running[0]
    work = engines.work()
    if work is None or not may_run():
        return None
    with _lock:
        if _running is None:
            pool = Pool(work)
            minder = Minder(work, pool.hint, "inline")
            minder.start()
            _running = (pool, minder)
            atexit.register(stop)
        return _running[0]


def may_run() -> bool:
    """Whether this process may have threads: not while it migrates, and not in tests."""
    if conf.get("ENGINE") != "inline" or (len(sys.argv) > 1 and sys.argv[1] in IDLE_COMMANDS):
        return False
    test_utils = sys.modules.get("django.test.utils")
    return not (test_utils and hasattr(test_utils._TestState, "saved_data"))


def stop() -> None:
    """Finish what is in hand for at most INLINE_DRAIN_SECONDS; what is left goes back unsent."""
    global _running
    if _running is None:
        return
    pool, minder = _running
    atexit.unregister(stop)
    pool.drain(conf.get("INLINE_DRAIN_SECONDS"))  # what is planned meanwhile hints this pool, not a new one
    minder.stop()
    _running = None


def _rest() -> None:
    """A fork while a thread is inside SQLite or libpq would leave the child with locks that nobody opens."""
    if _running is not None:
        _running[0].rest(FORK_SECONDS)
        _running[1].rest(FORK_SECONDS)


def _go_on() -> None:
    if _running is not None:
        _running[1].go_on()
        _running[0].go_on()


def _forked() -> None:
    """A child has the memory of the pool but none of its threads."""
    global _running, _lock
    _running, _lock = None, threading.Lock()


os.register_at_fork(before=_rest, after_in_parent=_go_on, after_in_child=_forked)
