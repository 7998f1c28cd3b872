"""What an issue and a comment say: blocks of text, shortened to Jira's limits, in the message's language."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext

from tocsin.channels.chat.body import Block, Run, cut
from tocsin.channels.chat.event import absolute, links_of, shape_of, state_of
from tocsin.channels.chat.reader import blocks_of
from tocsin.channels.jira import adf, wiki
from tocsin.channels.shorten import shortened
from tocsin.channels.subject import in_language_of, subject_of
from tocsin.channels.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.channels.base import EventView, Message

LONGEST = 32_767
"""Characters of a description or a comment. What Cloud counts is not documented: the JSON is kept within it."""
SUMMARY = 255
ENVELOPE, MOST_EVENTS, TITLE, LINKS = 200, 10, 500, 8000
"""What stands around the blocks; how many events are told; and room for a title, and for all links of an event."""
BOLD = frozenset({"bold"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
"""What XML does not take, in which Jira keeps and exports texts."""


class Dialect(NamedTuple):
    """How blocks are written, and more than the characters that one adds."""

    document: Callable[[Iterable[Block]], Any]
    weigh: Callable[[Block], int]


CLOUD = Dialect(adf.document, adf.weigh)
SERVER = Dialect(wiki.document, wiki.weigh)


def summary(message: Message) -> str:
    """The one line that an issue is called. Jira looks for no markup in it."""
    with in_language_of(message):
        return shortened(subject_of(message), lambda text: wiki.size(text) <= SUMMARY)


def text(message: Message, *, cloud: bool, titled: bool) -> Any:
    """A description, or a comment, which begins with the event's title."""
    dialect = CLOUD if cloud else SERVER
    with in_language_of(message):
        head, foot = _head(message, titled=titled), _foot(message, dialect)
        room = LONGEST - ENVELOPE - sum(map(dialect.weigh, [*head, *foot]))
        return dialect.document(map(_clean, [*head, *_bodies(message, room, dialect), *foot]))


def _head(message: Message, *, titled: bool) -> list[Block]:
    event = message.event
    parts = (event.type_label or event.type, event.organization, event.project)
    said = [f"{shape_of(message)} {state_of(message)}", *filter(None, map(one_line, parts))]
    line = Block("text", (Run(_short(" · ".join(said))),))
    return [_title(event), line] if titled else [line]


def _foot(message: Message, dialect: Dialect) -> list[Block]:
    """How many events are not told, and one line of links, as many as there is room for."""
    foot = []
    if (omitted := len(message.events) - MOST_EVENTS) > 0:
        foot.append(Block("text", (Run(gettext("… and %d more") % omitted),)))
    line: tuple[Run, ...] = ()
    for label, url in links_of(message.event):
        longer = (*line, *([Run(" · ")] if line else []), Run(_short(label or url), frozenset(), url))
        line = longer if dialect.weigh(Block("text", longer)) <= LINKS else line
    return [*foot, Block("text", line)] if line else foot


def _title(event: EventView) -> Block:
    return Block("text", (Run(_short(one_line(event.title)), BOLD),))


def _short(text: str) -> str:
    return shortened(text, lambda part: len(part) <= TITLE)


def _bodies(message: Message, room: int, dialect: Dialect) -> list[Block]:
    """The bodies of the events, and the titles of those after the first, each with its share of the room."""
    events = message.events[:MOST_EVENTS]
    made: list[Block] = []
    for place, event in enumerate(events):
        share = (room - sum(map(dialect.weigh, made))) // (len(events) - place)
        made += _body(event, share, dialect, titled=place > 0)
    return made


def _body(event: EventView, room: int, dialect: Dialect, *, titled: bool) -> list[Block]:
    made = [_title(event)] if titled else []
    note = _note(event, room // 3, dialect)
    room -= sum(map(dialect.weigh, [*made, note]))
    blocks, is_cut = _fitted(blocks_of(event.body), room, dialect)
    return [*made, *blocks, note] if is_cut else [*made, *blocks]


def _note(event: EventView, room: int, dialect: Dialect) -> Block:
    """That the text was shortened; with a link to the rest where there is room for it."""
    note = Block("text", (Run(gettext("… The text was shortened."), frozenset({"italic"})),))
    if url := absolute(event.url):
        link = Run(gettext("Read the rest"), frozenset(), url)
        linked = note._replace(runs=(*note.runs, Run(" "), link))
        return linked if dialect.weigh(linked) <= room else note
    return note


def _fitted(blocks: list[Block], room: int, dialect: Dialect) -> tuple[list[Block], bool]:
    """As many blocks as there is room for, the last one cut; and whether something was left out."""
    made: list[Block] = []
    for block in blocks:
        head, rest = cut(block, partial(_fits, room, dialect))
        if head is not None:
            made.append(head)
            room -= dialect.weigh(head)
        if rest is not None:
            return made, True
    return made, False


def _fits(room: int, dialect: Dialect, block: Block) -> bool:
    return dialect.weigh(block) <= room


def _clean(block: Block) -> Block:
    return block._replace(runs=tuple(run._replace(text=_CONTROLS.sub("", run.text)) for run in block.runs))
