"""Blocks of styled runs: what an event's body is made of, and how it is cut to what there is room for. Pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_JOINER = "\u200d"
_JOINED = frozenset({_JOINER, "\ufe0e", "\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))})


class Run(NamedTuple):
    """Text of one look; `url` is absolute (http, https, mailto) or empty."""

    text: str
    styles: frozenset[str] = frozenset()
    """Of bold, italic, strike and code."""
    url: str = ""


class Block(NamedTuple):
    """A paragraph, a heading, a list item, code or a rule."""

    kind: str
    """text, heading, code or rule."""
    runs: tuple[Run, ...] = ()
    prefix: str = ""
    """Before its first line: indentation and the list's mark."""
    indent: str = ""
    """Before its further lines."""
    quoted: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def cut(block: Block, fits: Callable[[Block], bool]) -> tuple[Block | None, Block | None]:
    """The longest beginning of `block` that fits, and what is left; either may be None."""
    if fits(block):
        return block, None
    kept = longest(block.text, lambda count: fits(_between(block, 0, count)))
    if not kept:
        return None, block
    return _between(block, 0, kept), _between(block, kept, len(block.text))._replace(prefix=block.indent)


def longest(text: str, fits: Callable[[int], bool]) -> int:
    """How many characters of `text` fit, cut at a space where one is near and never inside a character."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    if low == len(text):
        return low
    near = max(text.rfind(mark, low * 4 // 5, low) for mark in "\n ")
    if near > 0:
        return near + 1
    while low and _is_inside_character(text, low):
        low -= 1
    return low


def shortened(text: str, fits: Callable[[str], bool]) -> str:
    """`text`, or as much of its beginning as fits with "…" after it."""
    if fits(text):
        return text
    return text[: longest(text, lambda count: fits(text[:count] + "…"))].rstrip() + "…"


def dressed(line: str, marks: Sequence[str]) -> str:
    """`line` with each of `marks` before and after it, inside the spaces at its ends."""
    core = line.strip()
    if not core:
        return line
    before, _, after = line.partition(core)
    return f"{before}{''.join(reversed(marks))}{core}{''.join(marks)}{after}"


def _is_inside_character(text: str, place: int) -> bool:
    """Whether what a reader sees as one character goes on at `place`: accents, emoji sequences, flags."""
    after = text[place]
    if unicodedata.category(after)[0] == "M" or after in _JOINED or text[place - 1] == _JOINER:
        return True
    flags = 0
    while flags < place and "\U0001f1e6" <= text[place - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 1 and "\U0001f1e6" <= after <= "\U0001f1ff"


def _between(block: Block, start: int, end: int) -> Block:
    runs, place = [], 0
    for run in block.runs:
        text = run.text[max(0, start - place) : max(0, end - place)]
        place += len(run.text)
        if text:
            runs.append(run._replace(text=text))
    return block._replace(runs=tuple(runs))
