"""The only timers: sweep for what is due or lost, renew the leases in hand, show that this process lives."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connections

from tocsin import conf
from tocsin.engines import heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.engines import Sweep
    from tocsin.engines.pool import Pool

logger = logging.getLogger("tocsin.engines")


class Minder:
    """Two threads beside a pool: a sweep that is slow must not let leases end."""

    def __init__(self, pool: Pool, sweep: Sweep, renew: Callable[[], None], engine: str) -> None:
        self._pool = pool
        self._sweep = sweep
        self._renew = renew
        self._engine = engine
        self._nudged = threading.Event()
        self.stopping = threading.Event()
        self._sweeping, self._renewing = threading.Lock(), threading.Lock()
        self._held: list[threading.Lock] = []
        self._threads = [
            threading.Thread(target=self._sweep_loop, name="tocsin-sweeper", daemon=True),
            threading.Thread(target=self._renew_loop, name="tocsin-renewer", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def nudge(self) -> None:
        """Sweep now."""
        self._nudged.set()

    def stop(self, seconds: float = 2.0) -> None:
        self.stopping.set()
        self._nudged.set()
        for thread in self._threads:
            thread.join(seconds)

    def rest(self, seconds: float) -> None:
        """Before a fork: wait until neither thread is at work, and hold them until `go_on`."""
        self._held = [lock for lock in (self._sweeping, self._renewing) if lock.acquire(timeout=seconds)]

    def go_on(self) -> None:
        """After the fork, in the parent."""
        for lock in self._held:
            lock.release()

    def _sweep_loop(self) -> None:
        while not self.stopping.is_set():
            with self._sweeping:
                _guarded("sweep", self._sweep_once)
            self._nudged.wait(conf.get("SWEEP_SECONDS"))
            self._nudged.clear()
        connections.close_all()

    def _sweep_once(self) -> None:
        for channel in self._sweep():
            self._pool.hint(channel)

    def _renew_loop(self) -> None:
        beat_at = 0.0
        while not self.stopping.wait(conf.get("RENEW_SECONDS") if beat_at else 0.0):
            with self._renewing:
                _guarded("renewal", self._renew)
                if time.monotonic() - beat_at >= heartbeat.BEAT_SECONDS or not beat_at:
                    beat_at = time.monotonic()
                    _guarded("heartbeat", lambda: heartbeat.beat(self._engine))
        _guarded("farewell", heartbeat.leave)
        connections.close_all()


def _guarded(what: str, step: Callable[[], None]) -> None:
    """A database that is away is said and waited for; nothing else may end these threads either."""
    try:
        step()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("%s: the database is away (%s)", what, error)
        connections.close_all()
    except Exception:
        logger.exception("%s failed", what)
