"""A real SMTP server (aiosmtpd) on a free loopback port, whose answers a test can script.

with SmtpCatcher(rcpt=lambda address: "550 5.1.1 unknown" if "nobody" in address else None) as server:
    …  # server.host, server.port
assert server.messages[0].recipients == ["ana@example.org"]
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import os
import threading
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

Script = str | None | Awaitable[str | None]
CLOSE = "close"
"""As a scripted reply: the connection is closed without a word."""
HANG = "hang"
"""As a scripted reply: none comes until the server is stopped."""


@dataclass
class Caught:
    """One message that the server took, or was about to take."""

    sender: str
    recipients: list[str]
    content: bytes
    session: int
    """Number of the connection, from 1."""

    @property
    def parsed(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)  # type: ignore[return-value]


@dataclass
class SmtpCatcher:
    """The server. Each script gets a value and returns a reply, CLOSE, HANG, or None for the usual answer; it may
    be a coroutine function, and is called in the server's thread.

    A reply that begins with 421 closes the connection after it. `messages` has what arrived in full, also where
    `data` answered with a refusal, CLOSE or HANG; `accepted` only what was answered with 250.
    """

    mail: Callable[[str], Script] = lambda address: None
    rcpt: Callable[[str], Script] = lambda address: None
    data: Callable[[Caught], Script] = lambda caught: None
    greeting: Callable[[int], Script] = lambda session: None
    pipelining: bool = True
    max_bytes: int | None = None
    login: tuple[str, str] | None = None
    """Name and password that must be given before MAIL."""
    tls: ssl.SSLContext | None = None
    """Offers STARTTLS; with `tls_at_once`, speaks TLS from the first byte."""
    tls_at_once: bool = False
    journal: Path | None = None
    """A file that gets one fsynced JSON line per accepted message, before the reply."""
    host: str = "127.0.0.1"
    port: int = 0
    messages: list[Caught] = field(default_factory=list)
    accepted: list[Caught] = field(default_factory=list)
    commands: list[tuple[int, str]] = field(default_factory=list)
    """(session, verb) of every MAIL, RCPT, RSET and DATA body, in order of arrival."""
    sessions: int = 0
    open_sessions: int = 0
    _protocols: set[_Protocol] = field(default_factory=set, repr=False)

    def __enter__(self) -> SmtpCatcher:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="smtp-catcher", daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(5)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    def close_sessions(self) -> None:
        """Hang up on everybody, without a word."""
        for protocol in list(self._protocols):
            self.loop.call_soon_threadsafe(protocol.hang_up)

    async def _listen(self) -> asyncio.Server:
        return await self.loop.create_server(
            self._protocol, self.host, self.port, ssl=self.tls if self.tls_at_once else None
        )

    async def _end(self) -> None:
        self.server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _protocol(self) -> SMTP:
        return _Protocol(
            _Handler(self),
            hostname="catcher.test",
            data_size_limit=self.max_bytes,
            enable_SMTPUTF8=False,
            loop=self.loop,
            tls_context=None if self.tls_at_once else self.tls,
            auth_required=self.login is not None,
            auth_require_tls=False,
            authenticator=self._authenticate,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, kind: str, given: Any
    ) -> AuthResult:
        fits = (
            isinstance(given, LoginPassword) and (given.login.decode(), given.password.decode()) == self.login
        )
        return AuthResult(success=fits, handled=False)

    def take(self, caught: Caught) -> None:
        """Remember a message that is about to be answered with 250."""
        if self.journal is not None:
            line = {
                "sender": caught.sender,
                "recipients": caught.recipients,
                "message_id": caught.parsed["Message-ID"],
            }
            with self.journal.open("a") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
        self.accepted.append(caught)


class _Handler:
    """aiosmtpd's hooks, which ask the catcher's scripts."""

    def __init__(self, catcher: SmtpCatcher) -> None:
        self.catcher = catcher
        self.number = 0

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        host: str,
        replies: list[str],
    ) -> list[str]:
        session.host_name = host
        return [*replies[:-1], "250-PIPELINING", replies[-1]] if self.catcher.pipelining else replies

    async def handle_MAIL(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        self.catcher.commands.append((self.number, "MAIL"))
        reply = await _scripted(server, self.catcher.mail(address))
        if reply is None or reply.startswith("2"):
            envelope.mail_from = address
        return reply or "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        self.catcher.commands.append((self.number, "RCPT"))
        reply = await _scripted(server, self.catcher.rcpt(address))
        if reply is None or reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply or "250 2.1.5 Ok"

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.catcher.commands.append((self.number, "RSET"))
        return "250 2.0.0 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.catcher.commands.append((self.number, "DATA"))
        content = envelope.original_content or b""
        caught = Caught(envelope.mail_from or "", list(envelope.rcpt_tos), content, self.number)
        self.catcher.messages.append(caught)
        reply = await _scripted(server, self.catcher.data(caught))
        if reply is None or reply.startswith("2"):
            self.catcher.take(caught)
        return reply or f"250 2.0.0 Ok: queued as C{len(self.catcher.accepted)}"


class _Protocol(SMTP):
    """aiosmtpd's protocol; closes the connection after a 421, and lets the greeting be scripted."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        catcher = self.event_handler.catcher
        if not self.event_handler.number:
            catcher.sessions += 1
            catcher.open_sessions += 1
            self.event_handler.number = catcher.sessions
            catcher._protocols.add(self)
        super().connection_made(transport)

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.catcher.open_sessions -= 1
        self.event_handler.catcher._protocols.discard(self)
        super().connection_lost(error)

    async def push(self, status: str | bytes) -> None:
        text = status if isinstance(status, str) else status.decode()
        if text.startswith("220 catcher.test"):
            text = (
                await _scripted(self, self.event_handler.catcher.greeting(self.event_handler.number)) or text
            )
        await super().push(text)
        if text.startswith("421") and self.transport is not None:
            self.transport.close()


async def _scripted(server: SMTP, answer: Script) -> str | None:
    reply = answer if answer is None or isinstance(answer, str) else await answer
    if reply == CLOSE and server.transport is not None:
        server.transport.close()
    if reply in (CLOSE, HANG):
        await asyncio.Event().wait()
    return reply
