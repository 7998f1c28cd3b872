"""Atlassian Document Format, as Jira Cloud takes it. Its texts hold no markup, so none can be brought in. Pure."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tocsin.channels.jira.places import in_quotes, joined, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.channels.chat.body import Block, Run
    from tocsin.channels.jira.places import Place

Json = dict[str, Any]

HEADING = 3
AROUND = 64
"""More than a quote, and more than a list and its item, add to a node."""
LEVEL = 160
_MARKS = {"bold": "strong", "italic": "em", "strike": "strike"}


def document(blocks: Iterable[Block]) -> Json:
    """A whole document."""
    content: list[Json] = []
    for is_quote, group in groupby(blocks, in_quotes):
        nodes = _Nodes(in_quote=is_quote)
        for block in group:
            nodes.add(block)
        content += [{"type": "blockquote", "content": nodes.made}] if is_quote else nodes.made
    return {"version": 1, "type": "doc", "content": content}


def weigh(block: Block) -> int:
    """More than the characters that a block adds to a document, written as JSON."""
    place = place_of(block)
    written = json.dumps(_node(block, is_inner=bool(place.depth)), ensure_ascii=False)
    return len(written.encode("utf-16-le")) // 2 + AROUND + LEVEL * place.depth


class _Nodes:
    """The nodes so far, and the lists that are open: outermost first."""

    def __init__(self, *, in_quote: bool) -> None:
        self.made: list[Json] = []
        self._in_quote = in_quote
        self._lists: list[Json] = []
        self._numbers: list[int | None] = []
        """The number that comes next in each open list; None where it has none."""

    def add(self, block: Block) -> None:
        place = place_of(block)
        if not place.depth or not (place.begins or self._lists):
            self._close(0)
            self.made.append(_node(block, is_inner=self._in_quote or bool(place.depth)))
            return
        if place.begins:
            self._begin(place)
        else:
            self._close(place.depth)
        self._lists[-1]["content"][-1]["content"].append(_node(block, is_inner=True))

    def _begin(self, place: Place) -> None:
        """An item: in the list that is open at its depth if it goes on there, else in a new one."""
        self._close(place.depth)
        while len(self._lists) < place.depth - 1:
            self._open(None)
            self._item()
            self._lists[-1]["content"][-1]["content"].append({"type": "paragraph", "content": []})
        if len(self._lists) == place.depth and self._numbers[-1] != place.number:
            self._close(place.depth - 1)
        if len(self._lists) < place.depth:
            self._open(place.number)
        self._item()

    def _item(self) -> None:
        self._lists[-1]["content"].append({"type": "listItem", "content": []})
        if (number := self._numbers[-1]) is not None:
            self._numbers[-1] = number + 1

    def _open(self, number: int | None) -> None:
        made: Json = {"type": "bulletList", "content": []}
        if number is not None:
            made = {"type": "orderedList", "attrs": {"order": number}, "content": []}
        (self._lists[-1]["content"][-1]["content"] if self._lists else self.made).append(made)
        self._lists.append(made)
        self._numbers.append(number)

    def _close(self, depth: int) -> None:
        del self._lists[depth:], self._numbers[depth:]


def _node(block: Block, *, is_inner: bool) -> Json:
    """One block; items and quotes hold no headings."""
    if block.kind == "rule":
        return {"type": "rule"}
    if block.kind == "code":
        text = block.text.strip("\n")
        return {"type": "codeBlock", "content": [{"type": "text", "text": text}] if text else []}
    is_heading = block.kind == "heading"
    content = [node for run in joined(block.runs) for node in _inline(run, is_strong=is_heading and is_inner)]
    if is_heading and not is_inner:
        return {"type": "heading", "attrs": {"level": HEADING}, "content": content}
    return {"type": "paragraph", "content": content}


def _inline(run: Run, *, is_strong: bool) -> list[Json]:
    made: list[Json] = []
    marks = _marks(run, is_strong=is_strong)
    for place, line in enumerate(run.text.split("\n")):
        if place:
            made.append({"type": "hardBreak"})
        if line:
            made.append({"type": "text", "text": line} | ({"marks": marks} if marks else {}))
    return made


def _marks(run: Run, *, is_strong: bool) -> list[Json]:
    """Code goes with a link and with nothing else."""
    styles = run.styles | {"bold"} if is_strong else run.styles
    if "code" in styles:
        marks: list[Json] = [{"type": "code"}]
    else:
        marks = [{"type": name} for style, name in _MARKS.items() if style in styles]
    return [*marks, {"type": "link", "attrs": {"href": run.url}}] if run.url else marks
