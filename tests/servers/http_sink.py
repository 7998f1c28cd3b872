"""A real HTTP server on a free loopback port that answers as it is told and remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tocsin.testing.http_far_side import EndsAtOnce

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

GIGABYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int
    raw_head: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer.

    `fault`: "" plain, "drop" close without a word, "reset" with a RST, "tarpit" never answer, "cut" close in
    the middle of the body, "slow" one byte of the body per 0.05 s, "headers" headers without end, "huge" a
    chunked body of 1 GB, "garbage" no HTTP at all.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fault: str = ""
    gate: threading.Event | None = None
    """Wait for this before answering."""


class HttpSink:
    """`with HttpSink() as sink:` gives `sink.url`, `sink.requests`. `sink.script` is a list of replies, used
    in turn (the last one for good), or a function from `Seen` to `Reply`.
    """

    def __init__(
        self,
        script: Iterable[Reply] | Callable[[Seen], Reply] = (),
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.script: list[Reply] | Callable[[Seen], Reply] = script if callable(script) else list(script)
        self.requests: list[Seen] = []
        self.connections = 0
        self.sent_bytes = 0
        self.ended = threading.Event()
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._tls = tls
        self._server = _Server((host, 0), _Connection, self, host)
        self.host, self.port = self._server.server_address[:2]

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in str(self.host) else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        with self._changed:
            for connection in list(self._open):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Seen]:
        """Wait until `count` requests have arrived; AssertionError after `seconds`."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.requests) >= count, seconds)
        assert arrived, f"{len(self.requests)} of {count} requests came within {seconds} s"
        return self.requests

    def note(self, seen: Seen) -> Reply:
        """Write the journal first, then say what to answer."""
        with self._changed:
            self.requests.append(seen)
            self._changed.notify_all()
            script = self.script
            if not callable(script):
                return script.pop(0) if len(script) > 1 else script[0] if script else Reply()
        return script(seen)

    def opened(self, connection: socket.socket) -> int:
        with self._changed:
            self._open.add(connection)
            self.connections += 1
            return self.connections

    def closed(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)

    def secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection


class _Server(EndsAtOnce, socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(
        self, address: tuple[str, int], handler: type[_Connection], sink: HttpSink, host: str
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sink = sink
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is what the tests are about; anything else shows as a missing request."""


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        sink = self.server.sink
        number = sink.opened(self.request)
        try:
            self.request = sink.secured(self.request)
            self.stream = self.request.makefile("rb")
            while (seen := self._read(number)) is not None and self._answer(sink.note(seen), sink):
                pass
        finally:
            sink.closed(self.request)

    def _read(self, number: int) -> Seen | None:
        lines = []
        while (line := self.stream.readline(65536)) not in (b"\r\n", b""):
            lines.append(line)
        if not lines:
            return None
        method, path, _ = lines[0].decode("latin-1").split(" ", 2)
        pairs = (line.decode("latin-1").partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = self.stream.read(int(headers.get("content-length", 0)))
        return Seen(method, path, headers, body, time.time(), number, b"".join(lines))

    def _answer(self, reply: Reply, sink: HttpSink) -> bool:
        """Send the reply; True if the connection may carry another request."""
        if reply.gate is not None:
            reply.gate.wait(60)
        sink.ended.wait(reply.delay) if reply.delay else None
        if reply.fault:
            getattr(self, f"_{reply.fault}")(reply, sink)
            return False
        self.request.sendall(_head(reply) + b"content-length: %d\r\n\r\n" % len(reply.body) + reply.body)
        return True

    def _drop(self, reply: Reply, sink: HttpSink) -> None:
        self.request.shutdown(socket.SHUT_RDWR)

    def _reset(self, reply: Reply, sink: HttpSink) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.close()
        self.request.close()

    def _tarpit(self, reply: Reply, sink: HttpSink) -> None:
        sink.ended.wait(120)

    def _cut(self, reply: Reply, sink: HttpSink) -> None:
        self.request.sendall(_head(reply) + b"content-length: 1000\r\n\r\n" + reply.body[:100])

    def _slow(self, reply: Reply, sink: HttpSink) -> None:
        self.request.sendall(_head(reply) + b"content-length: 100000\r\n\r\n")
        while not sink.ended.wait(0.05):
            self.request.sendall(b"x")

    def _headers(self, reply: Reply, sink: HttpSink) -> None:
        self.request.sendall(_head(reply))
        while not sink.ended.is_set():
            self.request.sendall(b"x-more: " + b"y" * 1000 + b"\r\n")

    def _huge(self, reply: Reply, sink: HttpSink) -> None:
        self.request.sendall(_head(reply) + b"transfer-encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(GIGABYTE // 65536):
            self.request.sendall(chunk)
            sink.sent_bytes += 65536
        self.request.sendall(b"0\r\n\r\n")

    def _garbage(self, reply: Reply, sink: HttpSink) -> None:
        self.request.sendall(b"\x00\x01 this is no HTTP\r\n\r\n")


def _head(reply: Reply) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} Scripted",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
