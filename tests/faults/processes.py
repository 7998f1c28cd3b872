"""The rig's processes as the tests hold them: started by the forge, signalled by pidfd and by nothing wider."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
from pathlib import Path
from typing import Any, Self

from tests import warm


class Process:
    """One process of the rig."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._fd = os.pidfd_open(pid)
        except ProcessLookupError:  # it ended before we looked
            self._fd = -1

    def send(self, number: signal.Signals) -> None:
        """A signal; nothing where the process has ended."""
        with contextlib.suppress(ProcessLookupError):
            if self._fd >= 0:
                signal.pidfd_send_signal(self._fd, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def wait(self, seconds: float = 10.0) -> None:
        """Until it has ended; AssertionError after `seconds`."""
        assert self.has_ended(seconds), f"process {self.pid} is still there after {seconds} s"

    def has_ended(self, seconds: float = 0.0) -> bool:
        return self._fd < 0 or bool(select.select([self._fd], [], [], seconds)[0])

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Forge:
    """`with Forge(environment, log) as forge:` starts processes that play a role, and ends them all."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.faults.settings", **environment}
        self._log = log
        self._children: list[Process] = []
        self._forge: warm.Process

    def __enter__(self) -> Self:
        with self._log.open("a") as log:
            self._forge = warm.warm().start(
                ["-m", "tests.faults.forge"], self._environment, Path.cwd(), stderr=log.fileno()
            )
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.kill()
            child.wait()
            child.close()
        self._forge.stdin.close()
        self._forge.wait(10)
        self._forge.close()

    def start(self, role: str, **arguments: Any) -> Process:
        """A process that plays `role`; the arguments are its keywords."""
        process = Process(int(self._order({"start": role, **arguments})))
        self._children.append(process)
        return process

    def call(self, role: str, **arguments: Any) -> Any:
        """What `role` returns, played by a process of its own. RuntimeError with its traceback if it raised."""
        answer = self._order({"call": role, **arguments})
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def _order(self, order: dict[str, Any]) -> Any:
        self._forge.stdin.write(json.dumps(order).encode() + b"\n")
        self._forge.stdin.flush()
        line = self._forge.stdout.readline()
        assert line, f"the forge has ended; see {self._log}:\n{self._log.read_text()[-3000:]}"
        return json.loads(line)
