"""A real HTTP server on a free loopback port that answers as it is told: the far side of most channels."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from tocsin.testing.far_side import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULTS: Mapping[str, Reply] = {
    "accepted": Reply(200),
    "refused": Reply(400),
    "gone": Reply(410),
    "throttled": Reply(429, headers={"Retry-After": "7"}),
    "failing": Reply(500),
    "hanging": Reply(fault="hang"),
    "dropping": Reply(fault="drop"),
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request, as it arrived. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; a form as a JSON object of its fields."""
        text = self.body.decode("utf-8", "replace")
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return json.dumps(dict(parse_qsl(text, keep_blank_values=True)), ensure_ascii=False)
        return text


class HttpFarSide:
    """`with HttpFarSide() as far_side:` listens at `far_side.url`; `far_side.requests` is its journal.

    `replies` gives kinds another answer than the default one: accepted 200, refused 400, gone 410, throttled
    429 with `Retry-After: 7`, failing 500; hanging gives none, dropping closes the connection. A subclass whose
    protocol has requests that are no messages answers them in `other`.
    """

    def __init__(self, replies: Mapping[str, Reply] | None = None) -> None:
        self.replies = {**DEFAULTS, **(replies or {})}
        self.requests: list[Arrival] = []
        """The messages that arrived, written down before they are answered."""
        self.others: list[Arrival] = []
        """The requests that `other` answered."""
        self.echoing = False
        """Whether failures repeat the whole request in their answer, as careless servers do."""
        self.closing = threading.Event()
        self._script: list[Reply] = [self.replies["accepted"]]
        self._dropped: list[Arrival] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT/`."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def answer(self, *kinds: str | Reply) -> None:
        """What to answer to the following messages in turn, the last for good: kinds, or replies."""
        unknown = [kind for kind in kinds if isinstance(kind, str) and kind not in self.replies]
        if unknown or not kinds:
            raise ValueError(f"unknown kinds {unknown}; known are {', '.join(self.replies)}")
        with self._lock:
            self._script = [self.replies[kind] if isinstance(kind, str) else kind for kind in kinds]
            self._dropped.clear()

    def payloads(self) -> list[str]:
        """The body of each message that arrived."""
        with self._lock:
            return [arrival.text for arrival in self.requests]

    def arrivals(self, text: str) -> int:
        """How many of the messages that arrived have `text` in their body."""
        return sum(text in payload for payload in self.payloads())

    def other(self, arrival: Arrival) -> Reply | None:
        """The answer to a request that is no message, such as a look-up; None for a message."""
        return None

    def reply_to(self, arrival: Arrival) -> Reply:
        """Write the request down, and say what to answer. Called by the server's threads."""
        with self._lock:
            if (reply := self.other(arrival)) is not None:
                self.others.append(arrival)
                return reply
            if arrival in self._dropped:
                # HTTP clients send a request again when a connection they kept open is closed: no new message.
                return Reply(fault="drop")
            self.requests.append(arrival)
            reply = self._script.pop(0) if len(self._script) > 1 else self._script[0]
            if reply.fault == "drop":
                self._dropped.append(arrival)
            number = len(self.requests)
        return _echo(_numbered(reply, number), arrival) if self.echoing else _numbered(reply, number)


def _numbered(reply: Reply, number: int) -> Reply:
    headers = {name: value.replace("<n>", str(number)) for name, value in reply.headers.items()}
    return Reply(reply.status, reply.body.replace(b"<n>", b"%d" % number), headers, reply.fault)


def _echo(reply: Reply, arrival: Arrival) -> Reply:
    """The same answer, with the request told again wherever a channel might look for a reason."""
    lines = [f"{arrival.method} {arrival.path}", *(f"{n}: {v}" for n, v in arrival.headers.items())]
    told = " ".join([*lines, arrival.text])
    try:
        given = json.loads(reply.body)
    except ValueError:
        given = None
    if isinstance(given, dict):
        keys = ("message", "detail", "description", "reason", "error")
        body = json.dumps(dict.fromkeys(keys, told) | given).encode()
    else:
        body = reply.body if reply.status < 300 else reply.body + told.encode()
    return Reply(reply.status, body, reply.headers, reply.fault)


class EndsAtOnce(TCPServer):
    """Wakes the thread that serves when it is told to end, where others let it look several times a second."""

    def shutdown(self) -> None:
        with contextlib.suppress(OSError):  # not everywhere; then it looks
            self.socket.shutdown(socket.SHUT_RDWR)
        super().shutdown()


class _Server(EndsAtOnce, ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 256
    address_family = socket.AF_INET

    def __init__(self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Without the look-up of our own name, which may take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._open.discard(request)

    def hang_up(self) -> None:
        """End every connection, and so the threads that read from them."""
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is what the tests are about; what is missing shows in the journal."""


def _handler_of(far_side: HttpFarSide) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"far_side": far_side})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    far_side: HttpFarSide

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._take
        raise AttributeError(name)

    def _take(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(self.far_side.reply_to(Arrival(self.command, self.path, headers, self._body())))

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, reply: Reply) -> None:
        self.close_connection = self.close_connection or bool(reply.fault)
        if reply.fault == "hang":
            self.far_side.closing.wait()
        elif reply.fault == "garbage":
            self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
        elif reply.fault != "drop":
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            cut = 1000 if reply.fault == "cut" else 0
            self.send_header("Content-Length", str(len(reply.body) + cut))
            self.end_headers()
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the journal says what came."""
