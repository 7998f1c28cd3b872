"""The words of ASGI that the lanes use, and reading a request body without ever holding too much of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection before the whole request was there."""


class TooLarge(Exception):
    """The body is larger than it may be. No more of it was read."""


def header(scope: Scope, name: bytes) -> str | None:
    """The one value of a header; None where it is missing, and where it is there twice."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else None


def path_of(scope: Scope) -> str:
    """The path below the place where the server is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


async def read_body(receive: Receive, cap: int, scope: Scope | None = None) -> bytes:
    """The whole body, of at most `cap` bytes. Raises `TooLarge` and `ClientGone`.

    Given the scope, its Content-Length is believed before anything is read.
    """
    announced = header(scope, b"content-length") if scope is not None else None
    if announced and announced.isdecimal() and (len(announced) > 18 or int(announced) > cap):
        raise TooLarge
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > cap:
            raise TooLarge
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)
