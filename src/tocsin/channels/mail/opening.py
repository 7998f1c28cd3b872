"""Opening an SMTP connection: smtplib connects, secures and authenticates, all within one deadline."""

from __future__ import annotations

import smtplib
import ssl
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.mail.utils import DNS_NAME

if TYPE_CHECKING:
    import socket

    from django.core.mail.backends.smtp import EmailBackend

OPEN_SECONDS = 10.0
"""How long opening may take where the mail settings name no timeout."""


class Server(NamedTuple):
    """What decides whether an open connection can be used again."""

    host: str
    port: int
    username: str
    password: str
    use_tls: bool
    use_ssl: bool
    ssl_keyfile: str | None
    ssl_certfile: str | None


class Opened(NamedTuple):
    """A connection ready for MAIL, and what the server offered."""

    sock: socket.socket
    pipelining: bool
    max_bytes: int
    """Largest message the server takes; 0 where it does not say."""


def server_of(backend: EmailBackend) -> Server:
    """The settings of Django's backend, as a value to compare."""
    return Server(*(getattr(backend, name) for name in Server._fields))


def open_connection(backend: EmailBackend, seconds: float) -> Opened:
    """A connection by the backend's settings. Raises `SMTPException` or `OSError`, after `seconds` at the latest."""
    seconds = min(backend.timeout or OPEN_SECONDS, max(seconds, 0.05))
    kind, secure = (_SMTPS, {"context": backend.ssl_context}) if backend.use_ssl else (_Deadlined, {})
    smtp = kind(time.monotonic() + seconds, backend, timeout=seconds, **secure)
    try:
        smtp.ehlo_or_helo_if_needed()
        if backend.use_tls and not backend.use_ssl:
            if not smtp.has_extn("starttls"):
                raise ssl.SSLError("the server does not offer STARTTLS")
            smtp.starttls(context=backend.ssl_context)
            smtp.ehlo_or_helo_if_needed()
        if backend.username and backend.password:
            smtp.login(backend.username, backend.password)
    except BaseException:
        smtp.close()
        raise
    size = smtp.esmtp_features.get("size", "")
    return Opened(smtp.taken_over(), smtp.has_extn("pipelining"), int(size) if size.isdigit() else 0)


class _Reader:
    """Lines from a socket, with one deadline for all of them: a server that sends a byte a second gets no more."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock, self.deadline, self.buffer = sock, deadline, b""

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self.buffer and len(self.buffer) < limit:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self.sock.settimeout(left)
            chunk = self.sock.recv(4096)
            if not chunk:
                break
            self.buffer += chunk
        end = min(self.buffer.find(b"\n") + 1 or len(self.buffer), limit)
        line, self.buffer = self.buffer[:end], self.buffer[end:]
        return line

    def close(self) -> None:
        """The socket is smtplib's to close."""


class _Deadlined(smtplib.SMTP):
    """smtplib with one deadline for the whole of opening, not one for each read."""

    def __init__(self, deadline: float, backend: EmailBackend, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(backend.host, backend.port, local_hostname=DNS_NAME.get_fqdn(), **options)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Reader(self.sock, self.deadline)
        return super().getreply()

    def taken_over(self) -> socket.socket:
        """The socket, which is smtplib's no longer."""
        sock, self.sock, self.file = self.sock, None, None
        if sock is None:
            raise smtplib.SMTPServerDisconnected("closed while opening")
        return sock


class _SMTPS(_Deadlined, smtplib.SMTP_SSL):
    pass
