"""The mark that every issue and comment bears, in an HTML comment that nobody sees. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tocsin.channels.base import Message

_MARK = re.compile(r"<!-- tocsin:([A-Za-z0-9_-]{1,100})(?: group:([0-9a-f]{32}))? -->", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", re.ASCII)


class Mark(NamedTuple):
    """Of which message something was made, and of which group, as a digest; empty where there is none."""

    key: str
    group: str = ""

    def __str__(self) -> str:
        return f"<!-- tocsin:{self.key}{self.group and f' group:{self.group}'} -->"


def mark_of(message: Message) -> Mark:
    """The message's own."""
    key = message.key if _KEY.fullmatch(message.key) else _digest(message.key)
    return Mark(key, _digest(message.event.organization, message.group) if message.group else "")


def mark_in(found: dict[str, Any]) -> Mark:
    """The mark of an issue or a comment; empty where it has none.

    The last one counts: what an event's text says stands before it.
    """
    body = found.get("body")
    marks = _MARK.findall(body) if isinstance(body, str) else []
    return Mark(*marks[-1]) if marks else Mark("")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
