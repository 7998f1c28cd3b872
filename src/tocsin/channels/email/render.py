"""What a mail says: subject, text and HTML of a message's events, the same for all who receive them."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.template import Context, Engine
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from tocsin.channels.base import EventView, Message, Rendered
from tocsin.channels.subject import in_language_of, subject_of
from tocsin.channels.text import one_line, safe_url, to_html, to_text
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

COLORS = {Level.INFO: "#4a6b8a", Level.WARNING: "#96690b", Level.ERROR: "#b3461f", Level.CRITICAL: "#a3122b"}


def render(message: Message) -> Rendered:
    """Subject, text and HTML in the message's language. Takes nothing from the recipient."""
    with in_language_of(message):
        # What looks like an encoded word would be decoded by the reader's program, so it is broken up.
        subject = subject_of(message).replace("=?", "= ?")
        context = Context(_values(message, subject))
        text = _engine().get_template("letter.txt").render(context)
        html = _engine().get_template("letter.html").render(context)
    return Rendered(subject=subject, text=_lines(text), html=_lines(html))


def _values(message: Message, subject: str) -> dict[str, Any]:
    event = message.event
    return {
        "subject": subject,
        "locale": translation.get_language() or "en",
        "color": COLORS[max(entry.level for entry in message.events)],
        "entries": [_entry(entry) for entry in message.events],
        "footer": " · ".join(
            filter(None, (one_line(event.type_label or event.type), one_line(event.organization)))
        ),
    }


def _entry(event: EventView) -> dict[str, Any]:
    return {
        "title": one_line(event.title),
        "level": str(event.level.label),
        "color": COLORS[event.level],
        "state": _state(event.status),
        "html": mark_safe(to_html(event.body)) if event.body.strip() else "",  # noqa: S308  sanitised by to_html
        "text": to_text(event.body) if event.body.strip() else "",
        "links": _links(event),
    }


def _state(status: str) -> str:
    """What to say of it; nothing of what is simply open."""
    return {"acknowledged": gettext("acknowledged"), "resolved": gettext("resolved")}.get(status, "")


def _links(event: EventView) -> list[Mapping[str, str]]:
    """The event's own page and its actions; what may not be linked to is left out, and was refused by accept."""
    given = [(one_line(action["label"]), action["url"]) for action in event.actions]
    if event.url and event.url not in [url for _, url in given]:
        given.append((gettext("Details"), event.url))
    links = ({"label": label, "url": safe_url(url)} for label, url in given)
    return [link for link in links if link["url"]]


def _lines(text: str) -> str:
    """Newlines of one kind, no more than one empty line, one newline at the end: equal in every mail library."""
    text = re.sub(r"\r\n?", "\n", text)
    return text.strip("\n") + "\n"


@lru_cache(maxsize=1)
def _engine() -> Engine:
    """An engine of our own: a host need not configure TEMPLATES, and nothing of a host's reaches this one."""
    return Engine(dirs=[str(Path(__file__).parent / "templates")])
