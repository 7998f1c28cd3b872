"""Blocks of styled runs: what an event's body is made of, and how it is cut to what there is room for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.channels.shorten import longest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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


def dressed(line: str, marks: Sequence[str]) -> str:
    """`line` with each of `marks` before and after it, inside the spaces at its ends."""
    core = line.strip()
    if not core:
        return line
    before, _, after = line.partition(core)
    return f"{before}{''.join(reversed(marks))}{core}{''.join(marks)}{after}"


def _between(block: Block, start: int, end: int) -> Block:
    runs, place = [], 0
    for run in block.runs:
        text = run.text[max(0, start - place) : max(0, end - place)]
        place += len(run.text)
        if text:
            runs.append(run._replace(text=text))
    return block._replace(runs=tuple(runs))
