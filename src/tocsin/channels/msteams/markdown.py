"""The part of Markdown that Adaptive Cards show, written so that no text of an event becomes markup. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.channels.chat.body import dressed

if TYPE_CHECKING:
    from tocsin.channels.chat.body import Block, Run

HARD_SPACE = "\u00a0"
BREAK = "\n\n"
"""A single line break is lost outside of lists."""
RULE = "─" * 20
# `{{DATE(…)}}` and `{{TIME(…)}}` are functions of the card. `_` inside a word is no markup and stays as it is.
_MARKUP = re.compile(r"[\\`*\[\]<>]|~(?=~)|(?<=~)~|\{(?=\{)|(?<=\{)\{|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
_ACTIVE = re.compile(r"(?<=<)(?=/?at>)|(?<=\{)(?=\{)", re.IGNORECASE)
_AT_START = re.compile(r"\A(?:([0-9]{1,9})(?=[.)])|(?=[#+=-]))")
"""What would make a heading, a list or a rule of a line."""
_IN_ADDRESS = str.maketrans({"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", " ": "%20", "\\": "%5C"})
_MARKS = {"bold": "**", "italic": "_"}


def escape(text: str) -> str:
    """Text that shows as it is; its lines stay lines, their indentation stays."""
    return BREAK.join(map(_line, text.split("\n")))


def broken(text: str) -> str:
    """Text for where nothing can be escaped: spaces of no width break up mentions and functions."""
    return _ACTIVE.sub("\u200b", text)


def link(url: str, label: str) -> str:
    """A link to an absolute URL."""
    return f"[{escape(' '.join(label.split()) or url)}]({url.translate(_IN_ADDRESS)})"


def written(block: Block) -> str:
    """The text of one block, complete in itself."""
    if block.kind == "rule":
        return RULE
    if block.kind == "code":
        return escape(block.text.strip("\n"))
    marked, is_start = "", not block.prefix
    for run in block.runs:
        marked += _run(run, is_start=is_start)
        is_start = run.text.endswith("\n")
    return _line(block.prefix) + marked.replace(BREAK, BREAK + _line(block.indent))


def _run(run: Run, *, is_start: bool) -> str:
    marks = [mark for style, mark in _MARKS.items() if style in run.styles]
    if run.url:
        return dressed(link(run.url, run.text), marks)
    first, *others = run.text.split("\n")
    lines = [_line(first) if is_start else _inside(first), *map(_line, others)]
    return BREAK.join(dressed(line, marks) for line in lines)


def _line(line: str) -> str:
    """A whole line: its indentation would make code of it, its beginning a list."""
    rest = line.expandtabs(4).lstrip(" ")
    indent = HARD_SPACE * (len(line.expandtabs(4)) - len(rest))
    return indent + _AT_START.sub(r"\g<1>\\", _inside(rest), count=1)


def _inside(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)
