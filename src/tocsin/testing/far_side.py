"""The far side of a channel under test: what it is told to do, and what it says arrived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("accepted", "refused", "gone", "throttled", "failing", "hanging", "dropping")
"""Taken; refused for good; the address is gone for good; asks for 7 seconds; fails by its own fault; never
answers; closes without a word."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. `<n>` in the body or in a header becomes the number of the message, counted from 1.

    `fault` is what happens in its place: "hang" (no answer until the far side is closed), "drop" (the connection
    is closed without a word), "cut" (closed in the middle of the body), "garbage" (an answer that is no HTTP).
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


class FarSide(Protocol):
    """What a channel talks to. Used as a context manager; leaving it closes every connection and thread."""

    @property
    def url(self) -> str:
        """Where it is reached: a URL that ends with a slash, or whatever `settings()` makes settings of."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def answer(self, *kinds: str) -> None:
        """What to do with the following messages in turn; the last kind is for all that come after."""
        ...

    def payloads(self) -> list[str]:
        """Every message that arrived, in order, decoded to text, whatever was answered."""
        ...
