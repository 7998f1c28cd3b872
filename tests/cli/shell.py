"""`tocsin …` as a process of its own, on a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.warm import warm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.warm import Process

SECONDS = 90
FOREIGN = ("TOCSIN_", "DJANGO_SETTINGS_MODULE")


def eventually(look: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `look` returns as soon as it is true; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return found


@dataclass
class Shell:
    """A home and the variables with which `tocsin` is run."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return (
            kept | {"TOCSIN_HOME": str(self.home), "TOCSIN_FROM_EMAIL": "tocsin@example.org"} | self.variables
        )

    def attempt(
        self, *arguments: str, stdin: str | bytes = b"", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, whatever its exit code."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = warm().run(
            ["-m", "tocsin.cli", *arguments], env=self.environment | variables, cwd=self.home, given=given
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def run(self, *arguments: str, stdin: str | bytes = b"", **variables: str) -> str:
        """Run a command that must succeed; its stdout without the last line break."""
        done = self.attempt(*arguments, stdin=stdin, **variables)
        assert done.returncode == 0, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout.rstrip("\n")

    def json(self, *arguments: str, **variables: str) -> Any:
        return json.loads(self.run(*arguments, "--json", **variables))

    def refused(self, *arguments: str, stdin: str | bytes = b"", code: int = 2, **variables: str) -> str:
        """Run a command that must fail with `code` and no traceback; its stderr."""
        done = self.attempt(*arguments, stdin=stdin, **variables)
        assert done.returncode == code, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        assert "fault in tocsin" not in done.stderr
        return done.stderr

    @contextlib.contextmanager
    def started(self, *arguments: str, **variables: str) -> Iterator[Running]:
        """A command that goes on, ended by SIGTERM."""
        command, environment = ["-m", "tocsin.cli", *arguments], self.environment | variables
        with warm().start(command, environment, self.home, stdout=subprocess.DEVNULL) as process:
            yield Running(process)


class Running:
    """A process, and what it has said on stderr so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line.decode().rstrip("\n"))

    def line_with(self, text: str) -> str:
        """The first line that has `text` in it, waited for."""

        def look() -> str:
            found = next((line for line in self.lines if text in line), "")
            assert found or self.process.poll() is None, self.lines
            return found

        return str(eventually(look))

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        return code
