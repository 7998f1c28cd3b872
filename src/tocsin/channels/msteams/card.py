"""How a message looks in Teams: an Adaptive Card in the envelope that a workflow's webhook takes, within 28 KB."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from tocsin.channels.chat.body import Block, cut
from tocsin.channels.chat.event import gravest, links_of, shape_of, state_of
from tocsin.channels.chat.reader import blocks_of
from tocsin.channels.msteams.markdown import broken, escape, link, written
from tocsin.channels.subject import in_language_of
from tocsin.channels.text import one_line
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.channels.base import EventView, Message

LIMIT = 28_672
"""Bytes that Teams takes. It counts the card as text inside its own JSON, in which every quote is two."""
RESERVED = 1024
"""For what the workflow adds of its own."""
MOST_ACTIONS = 6
MOST_EVENTS = 10

Json = dict[str, Any]


STYLES = {
    Level.INFO: "accent",
    Level.WARNING: "warning",
    Level.ERROR: "attention",
    Level.CRITICAL: "attention",
}


class TooLargeError(ValueError):
    """The card is over the limit even without the body."""


def encode(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def weight(value: object) -> int:
    """The bytes that Teams counts for `value`."""
    return len(encode(encode(value).decode())) - 2


def document(message: Message) -> Json:
    """The whole payload, its body shortened to what there is room for. Raises `TooLargeError`."""
    with in_language_of(message):
        head, foot, actions = _head(message), _foot(message), _actions(message)
        room = LIMIT - RESERVED - weight(_envelope([*head, *foot], actions))
        if room < 0:
            raise TooLargeError(f"{-room} bytes over the limit of Teams without any text")
        return _envelope([*head, *_bodies(message, room), *foot], actions)


def _envelope(body: list[Json], actions: list[Json]) -> Json:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": None, "content": card}],
    }


def _head(message: Message) -> list[Json]:
    """Title and level on the level's colour. Names of colours are those of backgrounds, capitalised."""
    style = "good" if message.action == "resolve" else STYLES[gravest(message)]
    state = f"{shape_of(message)} {state_of(message)}"
    title = _text(escape(one_line(message.event.title)), weight="Bolder", size="Medium", style="heading")
    level = _text(state, weight="Bolder", color=style.capitalize(), spacing="None")
    return [{"type": "Container", "style": style, "bleed": True, "items": [title, level]}]


def _foot(message: Message) -> list[Json]:
    event = message.event
    given = (
        (gettext("Type"), event.type_label or event.type),
        (gettext("Organization"), event.organization),
        (gettext("Project"), event.project),
    )
    made = [{"title": name, "value": escape(one_line(value))} for name, value in given if value]
    foot: list[Json] = [{"type": "FactSet", "facts": made}]
    if (omitted := len(message.events) - MOST_EVENTS) > 0:
        foot.insert(0, _text(gettext("… and %d more") % omitted, isSubtle=True))
    if links := _links(event)[1]:
        foot.append(_text(" · ".join(link(url, label) for label, url in links)))
    return foot


def _actions(message: Message) -> list[Json]:
    return [
        {"type": "Action.OpenUrl", "title": broken(label), "url": url}
        for label, url in _links(message.event)[0]
    ]


def _links(event: EventView) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What becomes a button, and what a link: e-mail addresses, and what is over the number that Teams shows."""
    given = links_of(event)
    web = [(label, url) for label, url in given if not url.lower().startswith("mailto:")]
    return web[:MOST_ACTIONS], [each for each in given if each not in web[:MOST_ACTIONS]]


def _bodies(message: Message, room: int) -> list[Json]:
    """The bodies of the events, and the titles of those after the first, each with its share of the room."""
    events = message.events[:MOST_EVENTS]
    made: list[Json] = []
    for place, event in enumerate(events):
        share = (room - sum(weight(element) + 1 for element in made)) // (len(events) - place)
        made += _body(event, share, titled=place > 0)
    return made


def _body(event: EventView, room: int, *, titled: bool) -> list[Json]:
    note = _text(gettext("… The text was shortened."), isSubtle=True)
    made: list[Json] = []
    if titled:
        made.append(_text(escape(one_line(event.title)), weight="Bolder", separator=True))
    room -= sum(weight(element) + 1 for element in made)
    elements, is_cut = _fitted(blocks_of(event.body), room, reserve=weight(note) + 1)
    if room < 0:
        return []
    return [*made, *elements, note] if is_cut and room > weight(note) else [*made, *elements]


def _fitted(blocks: Iterable[Block], room: int, reserve: int) -> tuple[list[Json], bool]:
    """As many blocks as there is room for, the last one cut; `reserve` is kept free for the note that says so."""
    made: list[Json] = []
    queue = list(blocks)
    whole = sum(weight(_element(block)) + 1 for block in queue)
    left = room if whole <= room else room - reserve
    for block in queue:
        head, rest = cut(block, partial(_fits, left))
        if head is not None:
            made.append(_element(head))
            left -= weight(made[-1]) + 1
        if rest is not None:
            return made, True
    return made, False


def _fits(room: int, block: Block) -> bool:
    return weight(_element(block)) + 1 <= room


def _element(block: Block) -> Json:
    options: Json = {}
    if block.kind == "code":
        options = {"fontType": "Monospace"}
    elif block.kind == "heading":
        options = {"weight": "Bolder"}
    elif block.prefix:
        options = {"spacing": "Small"}
    if block.quoted:
        options["isSubtle"] = True
    return _text(written(block), **options)


def _text(text: str, **options: Any) -> Json:
    return {"type": "TextBlock", "text": text, "wrap": True} | options
