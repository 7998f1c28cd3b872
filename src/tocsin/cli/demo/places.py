"""Where the demo's messages go: a real SMTP server, a real webhook receiver and a dead port, all on loopback."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.smtp import SMTP
from standardwebhooks import Webhook, WebhookVerificationError

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

HOST = "127.0.0.1"
MAX_BODY = 1_100_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that reached a place: where to, what, and when (seconds since the epoch)."""

    address: str
    title: str
    at: float
    event_id: str = ""
    genuine: bool = True


class Mailbox:
    """An SMTP server that keeps what it is given."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, name="demo-mailbox", daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(
            lambda: SMTP(self, hostname="demo.localhost", loop=self._loop), HOST, 0
        )

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook: one message in full."""
        content = envelope.original_content or b""
        subject = str(email.message_from_bytes(content, policy=email.policy.default)["Subject"])
        self.arrivals += [Arrival(address, subject, time.time()) for address in envelope.rcpt_tos]
        return "250 2.0.0 Ok"


@dataclass
class Echo:
    """An HTTP server that checks each webhook's signature with the public standardwebhooks package."""

    secret: str
    arrivals: list[Arrival] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="demo-echo", daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/hook"

    def take(self, headers: dict[str, str], body: bytes) -> bool:
        """Note a request; whether it was genuine."""
        try:
            payload: Any = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            payload = json.loads(body or b"{}")
            self.arrivals.append(Arrival(self.url, str(payload.get("type", "")), time.time(), genuine=False))
            return False
        data = payload["data"]
        self.arrivals.append(Arrival(self.url, data["title"], time.time(), data["id"]))
        return True


def _handler(echo: Echo) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = min(int(self.headers.get("content-length", 0)), MAX_BODY)
            body = self.rfile.read(length)
            fine = echo.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(200 if fine else 400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """The table says it better."""

    return Handler


class DeadPort:
    """A port that refuses every connection, and that nobody else can have meanwhile."""

    def __enter__(self) -> Self:
        self._socket = socket.socket()
        self._socket.bind((HOST, 0))
        self.port = self._socket.getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/hook"
