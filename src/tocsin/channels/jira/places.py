"""Where a block stands in the lists of its text: read from its prefix, as `chat.reader` writes it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tocsin.channels.chat.reader import STEP

if TYPE_CHECKING:
    from tocsin.channels.chat.body import Block, Run

_MARK = re.compile(r"( *)(?:•|([0-9]{1,9})\.) ", re.ASCII)


class Place(NamedTuple):
    """`depth` 0 is outside of lists."""

    depth: int = 0
    begins: bool = False
    """Whether an item begins here; else it goes on."""
    number: int | None = None
    """The item's number; None in a list without numbers."""


def place_of(block: Block) -> Place:
    """The place of a block. Rules and headings stand outside where they begin no item."""
    if block.kind == "rule" or not block.prefix:
        return Place()
    if found := _MARK.fullmatch(block.prefix):
        number = int(found[2]) if found[2] else None
        return Place(len(found[1]) // len(STEP) + 1, begins=True, number=number)
    return Place((len(block.prefix) - 1) // len(STEP) + 1)


def joined(runs: tuple[Run, ...]) -> list[Run]:
    """The runs without line breaks before them, neighbours of one look made one: what is escaped is seen whole."""
    made: list[Run] = []
    for run in runs:
        if made and (made[-1].styles, made[-1].url) == (run.styles, run.url):
            made[-1] = run._replace(text=made[-1].text + run.text)
        else:
            made.append(run._replace(text=run.text if made else run.text.lstrip("\n")))
    return made


def in_quotes(block: Block) -> bool:
    """Whether it is part of a quote. A rule is none."""
    return block.quoted and block.kind != "rule"
