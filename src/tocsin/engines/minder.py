"""The only timers: sweep for what is due or lost, renew the leases in hand, show that this process lives."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connections

from tocsin import conf
from tocsin.engines import heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.engines import Work

logger = logging.getLogger("tocsin.engines")


class Loop:
    """A thread that takes a step at once, and then again and again."""

    def __init__(
        self,
        name: str,
        step: Callable[[], None],
        seconds: Callable[[], float],
        farewell: Callable[[], None] | None = None,
    ) -> None:
        self._name, self._step, self._seconds, self._farewell = name, step, seconds, farewell
        self._nudged = threading.Event()
        self._stopping = threading.Event()
        self._at_work = threading.Lock()
        self._is_held = False
        self._thread = threading.Thread(target=self._run, name=f"tocsin-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def nudge(self) -> None:
        """Take the next step now."""
        self._nudged.set()

    def stop(self, seconds: float) -> None:
        """End it, waiting `seconds` at most."""
        self._stopping.set()
        self._nudged.set()
        self._thread.join(seconds)

    def rest(self, seconds: float) -> None:
        """Before a fork: wait until it is between two steps, and hold it there until `go_on`."""
        self._is_held = self._at_work.acquire(timeout=seconds)

    def go_on(self) -> None:
        """After the fork, in the parent."""
        if self._is_held:
            self._at_work.release()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._at_work:
                _guarded(self._name, self._step)
            self._nudged.wait(self._seconds())
            self._nudged.clear()
        if self._farewell is not None:
            _guarded(f"end of the {self._name}", self._farewell)
        connections.close_all()


def sweeper(work: Work, hint: Callable[[str], None]) -> Loop:
    """Says which channels have work, and takes back what lost workers held."""

    def sweep() -> None:
        for channel in work.sweep():
            hint(channel)

    return Loop("sweeper", sweep, lambda: float(conf.get("SWEEP_SECONDS")))


def renewer(work: Work) -> Loop:
    """Keeps what this process has in hand from being taken back."""
    return Loop("renewer", work.renew, lambda: float(conf.get("RENEW_SECONDS")))


def heart(engine: str) -> Loop:
    """Shows that this process lives."""
    return Loop("heart", lambda: heartbeat.beat(engine), lambda: heartbeat.BEAT_SECONDS, heartbeat.leave)


class Minder:
    """All three: each has a thread of its own, for a sweep that is slow must not let leases end."""

    def __init__(self, work: Work, hint: Callable[[str], None], engine: str) -> None:
        self._sweeper = sweeper(work, hint)
        self._loops = [self._sweeper, renewer(work), heart(engine)]

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def nudge(self) -> None:
        """Sweep now."""
        self._sweeper.nudge()

    def stop(self, seconds: float = 2.0) -> None:
        for loop in self._loops:
            loop.stop(seconds)

    def rest(self, seconds: float) -> None:
        """Before a fork: hold all of them between two steps."""
        for loop in self._loops:
            loop.rest(seconds)

    def go_on(self) -> None:
        """After the fork, in the parent."""
        for loop in self._loops:
            loop.go_on()


def _guarded(what: str, step: Callable[[], None]) -> None:
    """A database that is away is said and waited for; nothing else may end these threads either."""
    try:
        step()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("%s: the database is away (%s)", what, error)
        connections.close_all()
    except Exception:
        logger.exception("%s failed", what)
