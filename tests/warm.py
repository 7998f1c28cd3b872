"""Processes that are forked from a Python which has imported the packages already: a start costs a fraction.

Each is as real as one of `subprocess`, with memory, environment, files and an end of its own. Nothing of tocsin is
imported before the fork, unless `prepare` says so.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SECONDS = 90


class Process:
    """One process; what the tests use of `subprocess.Popen`."""

    def __init__(self, pid: int, pidfd: int, ended: socket.socket, files: Sequence[Any]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = files
        self._ended = ended
        self._pidfd = pidfd  # opened by its parent: a short one may be gone before we hear its number

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it at once, if it has not ended, and let go of it."""
        self.kill()
        self.wait()
        for file in (self.stdin, self.stdout, self.stderr):
            if file is not None:
                file.close()
        self._ended.close()
        os.close(self._pidfd)

    def poll(self) -> int | None:
        """The exit code, as `subprocess` tells it; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, seconds: float | None = None) -> int:
        """The exit code, waited for. Raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], seconds)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), seconds or 0)
            said = self._ended.recv(64)
            assert said, "the warm Python has ended"
            self.returncode = int(said)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """A signal; nothing where the process has ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def finish(self, given: bytes, seconds: float) -> tuple[bytes, bytes]:
        """Give it `given` to read; all that it said until it, and whoever writes for it, has ended."""
        said = {self.stdout: b"", self.stderr: b""}

        def listen(file: Any) -> None:
            said[file] = file.read()

        def tell() -> None:
            try:
                self.stdin.write(given)
                self.stdin.close()
            except BrokenPipeError:
                self.stdin.raw.close()

        threads = [threading.Thread(target=listen, args=[file], daemon=True) for file in said]
        threads.append(threading.Thread(target=tell, daemon=True))
        for thread in threads:
            thread.start()
        self.wait(seconds)
        for thread in threads:
            thread.join(seconds)
            if thread.is_alive():
                raise subprocess.TimeoutExpired(str(self.pid), seconds)
        return said[self.stdout], said[self.stderr]


class Warm:
    """A Python that has imported the packages, and runs `prepare`; it ends with us."""

    def __init__(self, environment: Mapping[str, str], prepare: str = "", cwd: Path | None = None) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._python = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_python", str(theirs.fileno()), prepare],
            env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=cwd, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        atexit.register(self.close)

    def close(self) -> None:
        """Let it end. What it started goes on."""
        self._ours.close()
        self._python.wait(SECONDS)

    def start(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        *,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> Process:
        """`python ARGUMENTS`: -m MODULE, -c CODE or FILE, and what follows. stdin is a pipe; the others, too, may
        be `PIPE`, else `DEVNULL` or the number of an open file.
        """
        order = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd)}
        stdin, give = os.pipe()
        ended, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs, ours = zip(_way_out(stdout), _way_out(stderr), strict=True)
        socket.send_fds(self._ours, [json.dumps(order).encode()], [stdin, *theirs, end.fileno()])
        for descriptor in (stdin, *theirs):
            os.close(descriptor)
        end.close()
        said, pidfds, _, _ = socket.recv_fds(ended, 64, 1)
        assert said, "the warm Python has ended"
        files = [os.fdopen(give, "wb"), *(os.fdopen(one, "rb") if one is not None else None for one in ours)]
        return Process(int(said), pidfds[0], ended, files)

    def run(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        given: bytes = b"",
        seconds: float = SECONDS,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run to the end, whatever the exit code. Raises `subprocess.TimeoutExpired`."""
        with self.start(arguments, env, cwd) as process:
            out, err = process.finish(given, seconds)
            return subprocess.CompletedProcess(list(arguments), process.wait(), out, err)


def _way_out(wanted: int) -> tuple[int, int | None]:
    """What the process writes to, and what we read from."""
    if wanted == subprocess.PIPE:
        read, write = os.pipe()
        return write, read
    return os.open(os.devnull, os.O_WRONLY) if wanted == subprocess.DEVNULL else os.dup(wanted), None


@cache
def warm() -> Warm:
    """The one of this test process, without anything of tocsin."""
    return Warm(os.environ)
