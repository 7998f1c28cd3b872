"""`tocsin worker`: a process that does nothing but the work, as many of them as one likes."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from tocsin import engines
from tocsin.deliveries import foreign
from tocsin.engines import PLAN, wake
from tocsin.engines.minder import Minder
from tocsin.engines.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Collection

    from tocsin.engines import Work


class WorkerProcess:
    """Pool, minder and listener of one worker; `run` returns when it was told to end."""

    def __init__(self, work: Work, channels: Collection[str] = ()) -> None:
        """`channels` are those it works for, "plan" among them; all of them where there are none."""
        self._pool = Pool(work)
        self._channels = frozenset(channels)
        self._minder = Minder(work, self._hint, "worker")
        self._end = threading.Event()

    def run(self) -> int:
        """Work until SIGTERM or SIGINT, then finish what is in hand and release the rest.

        Returns the exit code: 75 (try again) where a channel's code hung so often that only a new process
        can run it again.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end.set())
        unsubscribe = wake.listener.subscribe(self._woken)
        self._minder.start()
        while not self._end.wait(1.0) and not foreign.given_up():
            pass
        unsubscribe()
        self._pool.stop(engines.DRAIN_SECONDS)
        self._minder.stop()
        return 75 if foreign.given_up() else 0

    def _hint(self, channel: str) -> None:
        if not self._channels or channel in self._channels:
            self._pool.hint(channel)

    def _woken(self, topic: str) -> None:
        if topic == PLAN:
            self._hint(PLAN)
        elif topic != wake.INBOX:
            self._minder.nudge()
