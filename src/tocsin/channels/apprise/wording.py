"""What a message says as plain text, and how it is made to fit a service. Pure but for `BASE_URL`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.channels.shorten import shortened
from tocsin.channels.text import one_line, safe_url, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.channels.base import EventView, Message

MAX_CHARACTERS = 32_768
"""The most that is sent to any service, title and all; most take less."""
LONGEST_TEXT = MAX_CHARACTERS - 768
OVERHEAD = 48
"""Room for the markup that plugins put around a title which becomes part of the text."""
BREAK = "\u200b"
"""A zero-width space: not seen, but no chat takes what it stands in for a mention or a link."""
_LIVE = re.compile(
    r"(?<=<)(?=[@!#/\w])"  # <@U1>, <!here>, <users/all>, <at id=all>
    r"|(?<=@)(?=everyone|here|all\b|channel|[&!]?\d)"
    r"|(?<![\w/]@)(?<=@)(?=\w)"  # @name, but neither ana@example.com nor https://host/@ana
    r"|(?<=\])(?=\()"  # [label](address)
)


def title_of(message: Message) -> str:
    """One line."""
    return one_line(message.event.title) or one_line(message.event.type_label)


def text_of(message: Message) -> str:
    """The events as plain text: the lead's body and links, then each other with its title."""
    first, *others = message.events
    parts = [*_parts(first)]
    for event in others:
        parts += ["", one_line(event.title), *_parts(event)]
    return "\n".join(parts).strip("\n")


def _parts(event: EventView) -> Iterator[str]:
    if event.body:
        yield to_text(event.body).rstrip()
    if url := safe_url(event.url):
        yield url
    for action in event.actions:
        if url := safe_url(action["url"]):
            yield f"{one_line(action['label'])}: {url}"


def defused(text: str) -> str:
    """`text` without anything that a chat would take for a mention of many, or for a link with another label."""
    return _LIVE.sub(BREAK, text)


def fitted(text: str, room: int, written: Callable[[str], str] = str) -> str:
    """As much of `text` as fits into `room` characters once the service's format has been made of it."""
    return shortened(text, lambda part: len(written(part)) <= room) if room > 0 else ""
