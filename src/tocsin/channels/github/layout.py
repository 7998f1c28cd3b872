"""How a message looks in an issue or a comment: title and body, in GitHub's Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from tocsin.channels.chat.event import absolute, links_of, shape_of, state_of
from tocsin.channels.chat.reader import blocks_of
from tocsin.channels.github.markdown import broken, escape, link, size, written
from tocsin.channels.shorten import shortened
from tocsin.channels.subject import in_language_of
from tocsin.channels.text import one_line

if TYPE_CHECKING:
    from tocsin.channels.base import EventView, Message

LONGEST = 65_536
"""Characters that GitHub takes as the body of an issue or a comment."""
ROOM, LINKS, TITLE = 50_000, 8_000, 256
"""Of that for texts of events, and for links; and the longest title of an issue."""
MOST_EVENTS = 10


def document(message: Message) -> dict[str, Any]:
    """What a new issue says."""
    return {"title": title_of(message), "body": body_of(message)}


def title_of(message: Message) -> str:
    """The title of the issue: plain text, in which GitHub makes links of references all the same."""
    return shortened(broken(_titled(message)), lambda text: size(text) <= TITLE)


def body_of(message: Message) -> str:
    """The body, but for its mark, which no two messages share."""
    with in_language_of(message):
        shown = message.events[:MOST_EVENTS]
        # A comment has no title of its own, and that of an issue may be cut, or be changed by people.
        parts = [f"**{escape(_titled(message))}**"]
        parts += _entry(message.event, ROOM // len(shown))
        for event in shown[1:]:
            parts += [f"**{escape(one_line(event.title))}**", *_entry(event, ROOM // len(shown))]
        if omitted := len(message.events) - len(shown):
            parts.append(f"_{escape(gettext('… and %d more') % omitted)}_")
        return "\n\n".join([*parts, *_links(message.event), _context(message)])


def _titled(message: Message) -> str:
    return f"{shape_of(message)} {one_line(message.event.title)}"


def _entry(event: EventView, room: int) -> list[str]:
    text, is_cut = written(blocks_of(event.body), room)
    made = [text] if text else []
    if is_cut:
        note, url = escape(gettext("… The text was shortened.")), absolute(event.url)
        made.append(f"{note} {link(url, gettext('Read the rest'))}" if url else note)
    return made


def _links(event: EventView) -> list[str]:
    """One line of links, as many as there is room for."""
    line = ""
    for label, url in links_of(event):
        longer = " · ".join(filter(None, (line, link(url, label))))
        line = longer if size(longer) <= LINKS else line
    return [line] if line else []


def _context(message: Message) -> str:
    event = message.event
    parts = (event.type_label or event.type, event.organization, event.project)
    return " · ".join([state_of(message), *(escape(one_line(part)) for part in parts if part)])
