"""What goes into the seam and what comes out of it: one request, one response."""

from __future__ import annotations

import hashlib
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_RESPONSE_BYTES = 20_000


def _version() -> str:
    try:
        return metadata.version("tocsin")
    except metadata.PackageNotFoundError:
        return "source"


USER_AGENT = f"tocsin/{_version()}"


def limit_key(name: str, secret: str) -> str:
    """A `Request.limit_key` for who counts its limits by a secret, such as a token: a digest, for it is kept."""
    return f"{name}:{hashlib.sha256(secret.encode()).hexdigest()[:32]}"


class Request(NamedTuple):
    """One request. `secret_values` are texts that no detail may ever show; the URL is kept out anyway."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    secret_values: Sequence[str] = ()
    limit_key: str = ""
    """What the far side counts its limits by where that is not the host: an account, a token. Never shown."""
    most_bytes: int = MAX_RESPONSE_BYTES
    """How much of the answer is read; look-ups may need more than answers to a message."""
    once: bool = False
    """Send it by a new connection: over one that was kept, and closes without an answer, libcurl sends it again."""
    gap: float = 0.0
    """Seconds of quiet before it, and after it, in which no other that says so goes out with the same `limit_key`."""

    def __repr__(self) -> str:
        return f"<Request {self.method} of {len(self.body)} bytes>"


class Response:
    """What the far side answered: the status, the beginning of the body, headers on demand."""

    __slots__ = ("_lines", "body", "request", "status")

    def __init__(self, status: int, body: bytes, request: Request, lines: Sequence[bytes] = ()) -> None:
        self.status = status
        self.body = body
        self.request = request
        self._lines = lines

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"

    def header(self, name: str) -> str:
        """The value of the last header called `name` (any case), or the empty text."""
        start = name.lower().encode() + b":"
        for line in reversed(self._lines):
            if line.lower().startswith(start):
                return line[len(start) :].decode("latin-1").strip()
        return ""

    @property
    def headers(self) -> dict[str, str]:
        """All headers, names in lower case; of a repeated one the last."""
        pairs = (line.decode("latin-1").partition(":") for line in self._lines)
        return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
