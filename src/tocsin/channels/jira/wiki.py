"""Jira's wiki markup, as Server and Data Center take it, written so that no text of an event becomes markup. Pure.

What could be markup is written as an entity: a backslash is no escape before all of it, and two are a line break.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from tocsin.channels.chat.body import dressed
from tocsin.channels.jira.places import in_quotes, joined, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.channels.chat.body import Block, Run

AROUND = 24
"""More than a quote and the lines between add to a block."""
_MARKUP = re.compile(
    r"[\\*+^~{}\[\]|!()@#&]"
    r"|(?<![a-z])-|-(?![a-z])"  # strikes, dashes, rules, and the keys of issues, of which it makes links
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
    r"|(?<![^?])\?|\?(?![^?])"
    r"|(?<![^A-Za-z]):(?!\s)|:(?=[/DPp])"  # addresses and smileys
    r"|\bh(?=[1-6]\.)|\bb(?=q\.)"
)
_FENCE = re.compile(r"\{(?=noformat)", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"[\\\[\]{}|^!*'\"<> ]")
_MARKS = {"bold": "{*}", "italic": "{_}", "strike": "{-}"}


def size(text: str) -> int:
    """Characters as Jira counts them: UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def escape(text: str) -> str:
    """Text that shows as it is."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)


def link(url: str, label: str) -> str:
    """A link to an absolute URL."""
    address = _IN_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", url)
    shown = escape(" ".join(label.split()))
    return f"[{shown}|{address}]" if shown and label != url else f"[{address}]"


def document(blocks: Iterable[Block]) -> str:
    """A whole text."""
    parts = []
    for is_quote, group in groupby(blocks, in_quotes):
        text = _text(group)
        parts.append(f"{{quote}}\n{text}\n{{quote}}" if is_quote else text)
    return "\n\n".join(parts)


def weigh(block: Block) -> int:
    """More than the characters that a block adds to a text."""
    return size(_written(block, is_inner=True)) + AROUND + place_of(block).depth


def _text(blocks: Iterable[Block]) -> str:
    text, marks, was_inner = "", "", False
    for block in blocks:
        place = place_of(block)
        is_inner = bool(place.depth and (place.begins or marks))
        if place.begins:
            # The marks of a list's items tell all the lists that it is in.
            marks = marks[: place.depth - 1].ljust(place.depth - 1, "*") + (
                "*" if place.number is None else "#"
            )
        elif not is_inner:
            marks = ""
        line = _written(block, is_inner=is_inner)
        gap = ("\n" if is_inner and was_inner else "\n\n") if text else ""
        text += gap + (f"{marks} {line}" if place.begins else line)
        was_inner = is_inner
    return text


def _written(block: Block, *, is_inner: bool) -> str:
    if block.kind == "rule":
        return "----"
    if block.kind == "code":
        return "{noformat}\n" + _FENCE.sub("{\u200b", block.text.strip("\n")) + "\n{noformat}"
    is_heading = block.kind == "heading"
    text = "".join(_run(run, is_strong=is_heading and is_inner) for run in joined(block.runs))
    return "h3. " + text.replace("\n", " ") if is_heading and not is_inner else text


def _run(run: Run, *, is_strong: bool) -> str:
    styles = run.styles | {"bold"} if is_strong else run.styles
    marks = [mark for style, mark in _MARKS.items() if style in styles]
    if run.url:
        return dressed(link(run.url, run.text), marks)
    return "\n".join(dressed(_monospaced(line, styles), marks) for line in run.text.split("\n"))


def _monospaced(line: str, styles: frozenset[str]) -> str:
    core = line.strip()
    if "code" not in styles or not core:
        return escape(line)
    before, _, after = line.partition(core)
    return f"{before}{{{{{escape(core)}}}}}{after}"
