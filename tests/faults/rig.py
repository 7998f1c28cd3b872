"""One test's rig: a database, a folder, a forge, sinks with journals, and the questions tests ask of them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.faults import journal
from tests.faults.checker import check, said
from tests.faults.journal_channel import FILE
from tests.faults.ledger import Ledger
from tests.faults.roles import SUBMITTED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.checker import Finding
    from tests.faults.journal import Arrival
    from tests.faults.processes import Forge, Process

LEASE = 1.0


class Rig:
    """What a fault test is given."""

    def __init__(self, url: str, folder: Path, log: Path) -> None:
        self.url, self.folder, self.log = url, folder, log
        self.vendor = url.partition(":")[0]
        self.ledger = Ledger(url)
        self.submitted = folder / SUBMITTED
        self.forge: Forge

    def environment(self, **tocsin: Any) -> dict[str, str]:
        """What the processes are told; `tocsin` are settings that differ from those of the rig."""
        return {
            "FAULTS_DATABASE_URL": self.url,
            "FAULTS_FOLDER": str(self.folder),
            "FAULTS_TOCSIN": json.dumps(tocsin),
        }

    def open_gate(self) -> None:
        """Let whoever waits at the gate go on."""
        (self.folder / "gate-open").touch()

    def enough(self) -> None:
        """Tell the submitters to end."""
        (self.folder / "enough").touch()

    def submissions(self) -> dict[str, str]:
        return said(journal.read(self.submitted))

    def journalled(self) -> list[Arrival]:
        """What the channel `journal` took."""
        return journal.arrivals(self.folder / FILE)

    def drain(self, seconds: float = 20.0, keep: Callable[[], None] | None = None) -> None:
        """Wait until nothing is on its way any more. `keep` is called meanwhile, to put dead workers back."""
        until(lambda: self.ledger.unfinished() == 0, seconds, self.ledger.summary, keep)

    def judge(self, arrived: list[Arrival], names: set[str]) -> Finding:
        """The checker's word on everything so far."""
        return check(self.submissions(), arrived, self.ledger.rows(), names)

    def warnings(self) -> str:
        """The end of what the processes logged."""
        return self.log.read_text()[-4000:]


class Crew:
    """Workers that are put back when they die, as their unit would."""

    def __init__(self, forge: Forge, size: int = 1) -> None:
        self._forge = forge
        self.workers: list[Process] = [forge.start("worker") for _ in range(size)]
        self.deaths = 0

    def keep(self) -> None:
        """Replace the dead."""
        for index, worker in enumerate(self.workers):
            if worker.has_ended():
                self.deaths += 1
                self.workers[index] = self._forge.start("worker")

    def kill(self, index: int) -> None:
        """Kill one without a word, and put another in its place."""
        self.workers[index].kill()
        self.workers[index].wait()
        self.keep()


def until(
    condition: Callable[[], Any],
    seconds: float,
    otherwise: Callable[[], str] | str = "it did not happen",
    meanwhile: Callable[[], None] | None = None,
    every: float = 0.05,
) -> Any:
    """Ask `condition` again and again until it holds; its value. AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(
                f"{otherwise if isinstance(otherwise, str) else otherwise()} after {seconds} s"
            )
        if meanwhile:
            meanwhile()
        time.sleep(every)
    return value
