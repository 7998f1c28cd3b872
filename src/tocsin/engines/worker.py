"""`tocsin worker`: a process that does nothing but the work, as many of them as one likes."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from tocsin.deliveries import foreign
from tocsin.engines import PLAN, wake
from tocsin.engines.minder import Minder
from tocsin.engines.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.engines import Run, Sweep

DRAIN_SECONDS = 25.0


class WorkerProcess:
    """Pool, minder and listener of one worker; `run` returns when it was told to end."""

    def __init__(
        self, run: Run, sweep: Sweep, renew: Callable[[], None], batch_size: Callable[[str], int]
    ) -> None:
        self._pool = Pool(run, batch_size)
        self._minder = Minder(self._pool, sweep, renew, "worker")
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
        self._pool.stop(DRAIN_SECONDS)
        self._minder.stop()
        return 75 if foreign.given_up() else 0

    def _woken(self, topic: str) -> None:
        if topic == PLAN:
            self._pool.hint(PLAN)
        elif topic != wake.INBOX:
            self._minder.nudge()
