"""What is still to be told: each topic at most so often, by a thread that lives while there is something to tell."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("tocsin.engines")

IDLE_SECONDS = 5.0
"""After which the thread ends, with nothing to tell."""


class Teller(Protocol):
    """What one thread tells by: a connection of its own."""

    def tell(self, topic: str) -> bool:
        """Tell it; False where nobody can be reached."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Owed:
    """Tells what was added, by the teller that `make` gives its thread.

    A topic is told at most once in `quiet` seconds, however often it was added. While nobody can be reached nothing
    is told for `away` seconds, and what was owed is forgotten: who tells must not be the only one who knows.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Teller],
        *,
        quiet: float,
        away: float = 0.0,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._name, self._make = name, make
        self._quiet, self._away, self._idle = quiet, away, idle
        self.forget()

    def forget(self) -> None:
        """Begin anew: after a fork neither the thread nor what it held is there."""
        self._changed = threading.Condition()
        self._told: dict[str, float] = {}
        self._topics: set[str] = set()
        self._runs = False

    def is_free(self, topic: str) -> bool:
        """Whether the caller may tell by itself now. If not, it is owed."""
        with self._changed:
            now = time.monotonic()
            if now - self._told.get(topic, -self._quiet) >= self._quiet:
                self._told[topic] = now
                return True
            self._add(topic)
            return False

    def add(self, topic: str) -> None:
        """Owe a topic."""
        with self._changed:
            self._add(topic)

    def _add(self, topic: str) -> None:
        self._topics.add(topic)
        if not self._runs:
            self._runs = True
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        self._changed.notify()

    def _run(self) -> None:
        teller = self._make()
        try:
            while (topics := self._next()) is not None:
                if not all(map(teller.tell, topics)):
                    self._stay_away()
        except Exception:
            logger.exception("%s ended; what is owed next begins it anew", self._name)
            with self._changed:
                self._runs = False
        finally:
            teller.close()

    def _next(self) -> set[str] | None:
        """What is to be told now; None when there was nothing for long."""
        with self._changed:
            while True:
                if not self._topics and not self._changed.wait_for(lambda: self._topics, self._idle):
                    self._runs = False
                    return None
                now = time.monotonic()
                waits = {
                    topic: self._told.get(topic, now - self._quiet) + self._quiet - now
                    for topic in self._topics
                }
                if due := {topic for topic, wait in waits.items() if wait <= 0}:
                    self._topics -= due
                    self._told |= dict.fromkeys(due, now)
                    return due
                self._changed.wait(min(waits.values()))

    def _stay_away(self) -> None:
        time.sleep(self._away)
        with self._changed:
            self._topics.clear()
