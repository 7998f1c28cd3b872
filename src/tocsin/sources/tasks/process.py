"""Running a command: its output goes on as it came, and is kept; its end is told apart from being stopped."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from tocsin.sources.tasks.log import Log

CHUNK = 65_536
DRAIN_SECONDS = 2.0
"""How long output is waited for once the command has ended: a daemon it started may hold the pipe for ever."""
POLL_SECONDS = 0.2
NOT_FOUND, NOT_EXECUTABLE, TIMED_OUT = 127, 126, 124
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; `exit_code` as a shell says it: 128 and the number of the signal that killed it."""

    exit_code: int
    signal: str = ""
    timed_out: bool = False
    problem: str = ""
    """Why it could not be started."""


def run_command(
    command: Sequence[str], log: Log, timeout: float | None = None, kill_after: float = 10.0
) -> Ended:
    """Run a command to its end, or until it has had `timeout` seconds; where it does not heed that, kill it.

    Signals that come meanwhile are its own.
    """
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=not _has_terminal()
        )
    except FileNotFoundError:
        return _unstarted(log, NOT_FOUND, f"{command[0]}: there is no such command")
    except OSError as error:
        return _unstarted(log, NOT_EXECUTABLE, f"{command[0]}: {error.strerror}")
    with _Forwarding(process):
        timed_out = _follow(process, log, timeout, kill_after)
    code = process.returncode
    name = signal.Signals(-code).name if code < 0 and -code in set(signal.Signals) else ""
    exit_code = TIMED_OUT if timed_out else 128 - code if code < 0 else code
    return Ended(exit_code, name, timed_out)


def _unstarted(log: Log, code: int, problem: str) -> Ended:
    line = f"{problem}\n".encode(errors="backslashreplace")
    _pass_on(sys.stderr.fileno(), line)
    log.feed(line)
    return Ended(code, problem=problem)


def _has_terminal() -> bool:
    """With a terminal the command stays in its group, so that Ctrl-C and prompts work as ever."""
    try:
        return os.isatty(0)
    except OSError:
        return False


def _follow(process: subprocess.Popen[bytes], log: Log, timeout: float | None, kill_after: float) -> bool:
    """Pass on what it writes until it ends; True if it had to be stopped."""
    assert process.stdout and process.stderr  # noqa: S101, PT018 (both are pipes)
    ends = None if timeout is None else time.monotonic() + timeout
    timed_out, ended_at = False, 0.0
    with selectors.DefaultSelector() as selector:
        for pipe, target in ((process.stdout, 1), (process.stderr, 2)):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ, target)
        while selector.get_map() or process.poll() is None:
            now = time.monotonic()
            if process.poll() is not None:
                ended_at, ends = ended_at or now, None
                if now > ended_at + DRAIN_SECONDS:
                    break
            elif ends is not None and now >= ends:
                _end(process, signal.SIGKILL if timed_out else signal.SIGTERM)
                timed_out, ends = True, now + kill_after
            wait = POLL_SECONDS if ends is None else min(POLL_SECONDS, max(0.0, ends - now))
            if not selector.get_map():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(wait)
                continue
            for key, _ in selector.select(wait):
                if not _read(key.fileobj, key.data, log):  # type: ignore[arg-type]
                    selector.unregister(key.fileobj)
    process.stdout.close()
    process.stderr.close()
    log.close()
    return timed_out


def _read(pipe: IO[bytes], target: int, log: Log) -> bool:
    """Take what is there; False at the end."""
    try:
        chunk = os.read(pipe.fileno(), CHUNK)
    except BlockingIOError:
        return True
    if chunk:
        _pass_on(target, chunk)
        log.feed(chunk, str(target))
    return bool(chunk)


def _pass_on(target: int, chunk: bytes) -> None:
    """Write all of it. Whoever reads us may be gone: the command goes on all the same."""
    view = memoryview(chunk)
    try:
        while view:
            view = view[os.write(target, view) :]
    except OSError:
        pass


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    """To the command and, where it has a group of its own, to what it started."""
    try:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    except (ProcessLookupError, PermissionError):
        pass


class _Forwarding:
    """Hands the signals that reach us on to the command, while it runs. Not possible outside the main thread."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.before: dict[int, object] = {}

    def __enter__(self) -> None:
        for number in FORWARDED:
            try:
                self.before[number] = signal.signal(number, self._hand_on)
            except ValueError:
                return

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        by_terminal = number == signal.SIGINT and _has_terminal()  # it tells the whole group
        if self.process.poll() is None and not by_terminal:
            _end(self.process, number)
