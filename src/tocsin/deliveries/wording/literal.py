"""Markdown that shows a text as it is: what comes from data becomes no link, no heading and no emphasis."""

from __future__ import annotations

import re

_INLINE = re.compile(r"[\\`*_\[\]<>()&~|]")
_LINE_START = re.compile(r"^[ \t]*([-+=#:.]|\d{1,9}[.](?=\s|$))", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FENCE = re.compile("`+")


class Markdown(str):
    """A text that its author takes as Markdown on purpose."""

    __slots__ = ()


def literal(text: str) -> str:
    """`text` as Markdown that reads the same, wherever in a paragraph, a heading, a list or a table it is put.

    Lines stay lines; a paragraph's space between them does not, so that it cannot end what it stands in.
    """
    lines = (line.strip(" \t") for line in plain(text).split("\n"))
    joined = "\n".join(filter(None, lines))
    escaped = _INLINE.sub(r"\\\g<0>", joined)
    return _LINE_START.sub(_escape_start, escaped).replace("\n", "\\\n")


def code(text: str) -> Markdown:
    """`text` as code: within its line, or as a block where it has several."""
    text = plain(text).strip("\n")
    longest = max(map(len, _FENCE.findall(text)), default=0)
    if "\n" in text:
        fence = "`" * max(3, longest + 1)
        return Markdown(f"\n\n{fence}\n{text}\n{fence}\n\n")
    marks = "`" * (longest + 1)
    return Markdown(f"{marks} {text} {marks}" if text.strip() else "")


def plain(text: str) -> str:
    """`text` with line breaks of one kind and no control characters."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _escape_start(found: re.Match[str]) -> str:
    mark = found[1]
    return f"{mark[:-1]}\\{mark[-1]}"
