"""How a message looks in Slack: Block Kit with a bar in the level's colour, and plain text for notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext, pgettext

from tocsin.channels.chat.event import absolute, gravest, links_of, shape_of, state_of
from tocsin.channels.chat.reader import blocks_of
from tocsin.channels.shorten import shortened
from tocsin.channels.slack.mrkdwn import SECTION, escape, link, sections, size
from tocsin.channels.subject import in_language_of, subject_of
from tocsin.channels.text import one_line
from tocsin.levels import Level

if TYPE_CHECKING:
    from tocsin.channels.base import EventView, Message

LONGEST = 12_000
"""The longest message. Slack refuses what is much longer."""
ROOM = 11_000
"""Of that for bodies."""
HEADER, BUTTON, PLAIN, MOST_BUTTONS, MOST_EVENTS = 150, 75, 2000, 10, 10

Json = dict[str, Any]


COLORS = {Level.INFO: "#4a6b8a", Level.WARNING: "#96690b", Level.ERROR: "#b3461f", Level.CRITICAL: "#a3122b"}
RESOLVED_COLOR = "#2f7d4f"


def document(message: Message) -> Json:
    """Text, blocks and attachment of one message, in its language."""
    with in_language_of(message):
        title = f"{shape_of(message)} {one_line(message.event.title)}"
        color = RESOLVED_COLOR if message.action == "resolve" else COLORS[gravest(message)]
        text = _cut(subject_of(message), SECTION)
        return {
            "text": text,
            "blocks": [{"type": "header", "text": _plain(title, HEADER)}],
            "attachments": [{"color": color, "fallback": text, "blocks": _blocks(message)}],
        }


def variables(message: Message) -> Json:
    """What a workflow's webhook takes: texts by name, without markup of ours."""
    event = message.event
    body, _ = sections(blocks_of(event.body), SECTION)
    return {
        "title": one_line(event.title),
        "text": "\n\n".join(body),
        "level": event.level.slug,
        "status": event.status,
        "type": event.type,
        "url": absolute(event.url),
        "key": message.key,
    }


def _blocks(message: Message) -> list[Json]:
    shown = message.events[:MOST_EVENTS]
    # The header holds the first title, if there is room for it.
    made = _entry(message.event, ROOM // len(shown), titled=size(escape(message.event.title)) > HEADER - 2)
    for event in shown[1:]:
        made += [{"type": "divider"}, *_entry(event, ROOM // len(shown), titled=True)]
    if omitted := len(message.events) - len(shown):
        made.append(_note(escape(gettext("… and %d more") % omitted)))
    buttons, links = _links(message)
    if links:
        made.append({"type": "section", "text": _marked(" · ".join(links))})
    if buttons:
        made.append({"type": "actions", "elements": buttons})
    return [*made, {"type": "context", "elements": [_plain(_context(message), PLAIN)]}]


def _entry(event: EventView, room: int, *, titled: bool) -> list[Json]:
    """One event: its title where the header does not show it, and its body."""
    made: list[Json] = []
    if titled:
        made.append({"type": "section", "text": _plain(one_line(event.title), PLAIN)})
    texts, is_cut = sections(blocks_of(event.body), room)
    made += [{"type": "section", "text": _marked(text)} for text in texts]
    if is_cut:
        url, note = absolute(event.url), escape(gettext("… The text was shortened."))
        made.append(_note(f"{note} {link(url, gettext('Read the rest'))}" if url else note))
    return made


def _links(message: Message) -> tuple[list[Json], list[str]]:
    """Buttons for https, links for what Slack makes no button of."""
    buttons: list[Json] = []
    links: list[str] = []
    for label, url in links_of(message.event):
        if url.startswith("https://") and size(url) <= SECTION and len(buttons) < MOST_BUTTONS:
            text = _plain(label or pgettext("button", "Open"), BUTTON)
            buttons.append({"type": "button", "action_id": f"link{len(buttons)}", "text": text, "url": url})
        elif size(" · ".join([*links, link(url, label)])) <= SECTION:
            links.append(link(url, label))
    return buttons, links


def _context(message: Message) -> str:
    event = message.event
    parts = (event.type_label or event.type, event.organization, event.project)
    return " · ".join([state_of(message), *filter(None, map(one_line, parts))])


def _note(text: str) -> Json:
    return {"type": "context", "elements": [_marked(text)]}


def _plain(text: str, limit: int) -> Json:
    """Text in which Slack looks for no markup, no mention and no emoji names; what it decodes is escaped."""
    return {"type": "plain_text", "text": _cut(text, limit), "emoji": False}


def _cut(text: str, limit: int) -> str:
    return escape(shortened(text, lambda part: size(escape(part)) <= limit))


def _marked(text: str) -> Json:
    """Text with markup; `verbatim` keeps Slack from making links and mentions of bare words."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
