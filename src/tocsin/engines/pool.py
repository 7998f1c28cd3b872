"""The threads that do the work: one for each channel that has some, so that a slow one holds only itself."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connections

from tocsin import conf

if TYPE_CHECKING:
    from tocsin.engines import Work

logger = logging.getLogger("tocsin.engines")

LONGEST_PAUSE = 5.0
"""Seconds between two tries while the database is away."""


def work_off(work: Work, channel: str, stop: threading.Event) -> None:
    """Batch after batch until nothing is due, or `stop` is set. A database that is away is waited for."""
    pause = 0.1
    while not stop.is_set():
        try:
            if not work.run(channel, work.count(channel), stop):
                return
            pause = 0.1
        except (OperationalError, InterfaceError) as error:
            logger.warning("%s: the database is away (%s); trying again", channel, error)
        except Exception:
            logger.exception("%s: a batch failed", channel)
        else:
            continue
        connections.close_all()
        stop.wait(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


class Pool:
    """Works channels off, each on threads of its own, whenever one is hinted."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._hinted: dict[str, int] = {}
        self._threads: dict[str, list[threading.Thread]] = {}
        self._busy = 0
        self.stopping = threading.Event()

    def hint(self, channel: str) -> None:
        """Let the threads of a channel look for work."""
        with self._changed:
            wanted = self._wanted_threads(channel)
            self._hinted[channel] = wanted
            threads = self._threads.setdefault(channel, [])
            while len(threads) < wanted and not self.stopping.is_set():
                name = f"tocsin-{channel}-{len(threads)}"
                thread = threading.Thread(target=self._loop, args=(channel,), name=name, daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the interpreter is ending: `drain` does the work in its own thread
                    break
                threads.append(thread)
            self._changed.notify_all()

    def _wanted_threads(self, channel: str) -> int:
        return max(1, int(conf.get("CHANNEL_THREADS").get(channel, 1)))

    def _loop(self, channel: str) -> None:
        while True:
            with self._changed:
                while not self._hinted.get(channel) and not self.stopping.is_set():
                    self._changed.wait()
                if self.stopping.is_set():
                    return
                self._hinted[channel] -= 1
                self._busy += 1
            try:
                work_off(self._work, channel, self.stopping)
            finally:
                connections.close_all()
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def rest(self, seconds: float) -> None:
        """Before a fork: wait until no thread is at work, `seconds` at most; none begins until `go_on`."""
        self._changed.acquire()
        self._changed.wait_for(lambda: not self._busy, seconds)

    def go_on(self) -> None:
        """After the fork, in the parent."""
        self._changed.release()

    def drain(self, seconds: float) -> bool:
        """Work off what is hinted for at most `seconds`, then stop. True if nothing was left over."""
        deadline = time.monotonic() + seconds
        done = self._wait_idle(deadline)
        self.stop()
        return done

    def _wait_idle(self, deadline: float) -> bool:
        while (left := deadline - time.monotonic()) > 0:
            with self._changed:
                orphan = next((c for c, n in self._hinted.items() if n and not self._threads.get(c)), None)
                if orphan is None and not self._busy and not any(self._hinted.values()):
                    return True
                if orphan is None:
                    self._changed.wait(min(left, 0.5))
                    continue
                self._hinted[orphan] = 0
            work_off(self._work, orphan, self.stopping)
        return False

    def stop(self, seconds: float = 2.0) -> None:
        """End the threads, waiting `seconds` at most; batches in hand release what they have not sent."""
        self.stopping.set()
        with self._changed:
            self._changed.notify_all()
            threads = [thread for group in self._threads.values() for thread in group]
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            self._let_go()

    def _let_go(self) -> None:
        try:
            self._work.let_go()
        except (OperationalError, InterfaceError) as error:
            logger.warning("the database is away (%s); the leases in hand will end", error)
        finally:
            connections.close_all()
