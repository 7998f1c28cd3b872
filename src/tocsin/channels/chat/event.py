"""What is said of an event beside its body: links, level and state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext

from tocsin.channels.chat.reader import SCHEMES
from tocsin.channels.text import one_line, safe_url
from tocsin.levels import Level

if TYPE_CHECKING:
    from tocsin.channels.base import EventView, Message

SHAPES = {Level.INFO: "●", Level.WARNING: "▲", Level.ERROR: "■", Level.CRITICAL: "◆"}
RESOLVED = "✔"


def links_of(event: EventView) -> list[tuple[str, str]]:
    """Labels and absolute addresses: of its actions, and of its own page where no action leads there."""
    given = [(one_line(action["label"]), action["url"]) for action in event.actions]
    if event.url and event.url not in [url for _, url in given]:
        given.append((gettext("Details"), event.url))
    return [(label, url) for label, url in ((label, absolute(url)) for label, url in given) if url]


def absolute(url: str) -> str:
    """`url` if it may be linked to from anywhere, else ""."""
    found = safe_url(url)
    return found if found.lower().startswith(SCHEMES) else ""


def shape_of(message: Message) -> str:
    """The shape of the gravest level, or of what is resolved: colour is never the only sign."""
    return RESOLVED if message.action == "resolve" else SHAPES[gravest(message)]


def gravest(message: Message) -> Level:
    """The gravest level among the message's events."""
    return max(event.level for event in message.events)


def state_of(message: Message) -> str:
    """Level and state in words."""
    level = gravest(message).name.capitalize()
    if message.action == "resolve":
        return f"{gettext('Resolved')} · {level}"
    return f"{gettext('Acknowledged')} · {level}" if message.action == "acknowledge" else level
