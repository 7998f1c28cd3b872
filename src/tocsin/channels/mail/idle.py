"""Connections between two batches: kept open for a while, for whichever thread comes next."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.channels.mail.opening import Server
    from tocsin.channels.mail.session import Session

IDLE_SECONDS = 30.0


class _Bench:
    """Idle sessions, oldest first; one daemon timer closes those that have sat too long."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: list[tuple[float, Server, Session]] = []
        self.timer: threading.Timer | None = None

    def keep(self, server: Server, session: Session) -> None:
        with self.lock:
            self.kept.append((time.monotonic(), server, session))
            self._watch()

    def take(self, server: Server) -> Session | None:
        """The session used last, if the far side has not closed it meanwhile."""
        while True:
            with self.lock:
                found = next((entry for entry in reversed(self.kept) if entry[1] == server), None)
                if found is None:
                    return None
                self.kept.remove(found)
            if time.monotonic() - found[0] < IDLE_SECONDS and silent(found[2]):
                found[2].reused = True
                return found[2]
            _leave(found[2])

    def close(self, older_than: float = 0.0) -> None:
        """Close what has been idle for `older_than` seconds."""
        limit = time.monotonic() - older_than
        with self.lock:
            self.timer = None
            leaving = [entry[2] for entry in self.kept if entry[0] <= limit]
            self.kept = [entry for entry in self.kept if entry[0] > limit]
            self._watch()
        for session in leaving:
            _leave(session)

    def _watch(self) -> None:
        if self.kept and self.timer is None:
            self.timer = threading.Timer(IDLE_SECONDS, self.close, (IDLE_SECONDS,))
            self.timer.daemon = True
            self.timer.start()

    def forget(self) -> None:
        """After a fork the connections are the parent's: the child closes its copies without a word."""
        self.lock = threading.Lock()
        self.timer = None
        for _, _, session in self.kept:
            session.sock.close()
        self.kept = []


def silent(session: Session) -> bool:
    """Whether nothing has come in: an idle server that speaks says goodbye."""
    poll = select.poll()
    poll.register(session.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)


def _leave(session: Session) -> None:
    with contextlib.suppress(OSError):
        session.sock.send(b"QUIT\r\n")
    session.sock.close()


def kept() -> list[tuple[float, Server, Session]]:
    """The idle sessions: since when (monotonic), with which server."""
    return list(_bench.kept)


_bench = _Bench()
keep = _bench.keep
take = _bench.take
close = _bench.close
os.register_at_fork(after_in_child=_bench.forget)
