"""What a text message says: the subject, the body as plain text, and a link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.channels.base import Message, Rendered
from tocsin.channels.mail import CONTROL
from tocsin.channels.sms.segments import fitted, measure
from tocsin.channels.subject import in_language_of, subject_of
from tocsin.channels.text import safe_url, to_text

if TYPE_CHECKING:
    from tocsin.channels.base import EventView

MARKDOWN_CHARACTERS = 4_000
"""More of a body is never shown; so much is parsed once for all who get the message."""


def render(message: Message) -> Rendered:
    """Subject, and the whole text with its size, in the message's language."""
    with in_language_of(message):
        subject = _clean(subject_of(message))
    event = message.event
    # A lone surrogate can be sent by no one; it becomes a question mark.
    body = event.body[:MARKDOWN_CHARACTERS].encode(errors="replace").decode()
    told = _clean(to_text(body)) if body.strip() else ""
    text = fitted(f"{subject}\n{told}".rstrip(), _link(event))
    size = measure(text)
    return Rendered(subject, text, payload={"encoding": size.encoding, "segments": size.segments})


def _link(event: EventView) -> str:
    """The event's own page, or else where its first action leads."""
    urls = (event.url, *(action["url"] for action in event.actions))
    return next(filter(None, map(safe_url, urls)), "")


def _clean(text: str) -> str:
    """No empty lines, and no control characters but the ends of lines."""
    lines = (CONTROL.sub(" ", line).rstrip() for line in re.split(r"[\r\n]+", text))
    return "\n".join(filter(None, lines))
