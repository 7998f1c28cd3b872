"""A wire between a client and a server that counts what passes."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 16


class Wire:
    """A port of this machine behind which another one is.

    A round trip is a turn of the talk: the client speaks after the server has spoken. What is sent together in a
    pipeline is one.
    """

    def __init__(self, port: int) -> None:
        self.round_trips = 0
        self.sent = 0
        """Bytes, both ways."""
        self._behind = port
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listening.getsockname()[1])

    def take(self) -> None:
        """Take connections until `close`."""
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._behind))
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                asked = threading.Event()
                threading.Thread(target=self._pass_on, args=(near, far, asked, True), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(far, near, asked, False), daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _pass_on(self, source: socket.socket, to: socket.socket, asked: threading.Event, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                with self._lock:
                    self.sent += len(data)
                    self.round_trips += asks and not asked.is_set()
                if asks:
                    asked.set()
                else:
                    asked.clear()
                to.sendall(data)
        for end in (source, to):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def tapped(database: str) -> Iterator[tuple[Wire, str]]:
    """A wire to a database, and the URL of the database behind it."""
    parts = urlsplit(database)
    assert parts.port
    wire = Wire(parts.port)
    threading.Thread(target=wire.take, daemon=True).start()
    try:
        yield wire, parts._replace(netloc=f"{parts.username}@127.0.0.1:{wire.port}").geturl()
    finally:
        wire.close()
