"""How large a request may be, judged before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin import conf
from tocsin.api.answers import Refusal

if TYPE_CHECKING:
    from typing import Protocol

    class Readable(Protocol):
        """A request body."""

        def read(self, size: int, /) -> bytes: ...


EVENTS_PER_REQUEST = 4
"""A request may hold this many of the largest events."""


def max_request_bytes() -> int:
    """The largest request body, in bytes: four times `MAX_BODY_BYTES`."""
    return EVENTS_PER_REQUEST * int(conf.get("MAX_BODY_BYTES"))


def too_large() -> Refusal:
    """The refusal of a body that is larger than that."""
    return Refusal(
        413, f"The body is larger than {max_request_bytes()} bytes. Send less, or a link to the rest."
    )


def refuse_announced(content_length: str) -> None:
    """Raise `Refusal` where the header says that the body is too large, or says nothing that is a number."""
    if not content_length:
        return
    if not (content_length.isascii() and content_length.isdigit()):
        raise Refusal(400, "The header Content-Length is no number.")
    if len(content_length) > 18 or int(content_length) > max_request_bytes():
        raise too_large()


def read_capped(body: Readable) -> bytes:
    """The whole body. Raises `Refusal` as soon as it turns out to be too large."""
    cap = max_request_bytes()
    data = body.read(cap + 1)
    if len(data) > cap:
        raise too_large()
    return data
