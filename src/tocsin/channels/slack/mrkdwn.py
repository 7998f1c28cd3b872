"""Slack's own markup (mrkdwn), written so that no text of an event can mention anybody. Pure.

Slack knows three characters to escape, and asks for no other escaping; every token that mentions begins with `<`.
"""

from __future__ import annotations

import re
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from tocsin.channels.chat.body import Block, Run, cut, dressed

if TYPE_CHECKING:
    from collections.abc import Iterable

SECTION = 3000
"""The longest text of one section, in characters as Slack counts them."""
RULE = "─" * 20
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_ADDRESS = str.maketrans({"&": "&amp;", "<": "%3C", ">": "%3E", "|": "%7C", "`": "%60", " ": "%20"})
_FENCE = re.compile(r"`(?=``)")
_MARKS = {"bold": "*", "italic": "_", "strike": "~"}


def size(text: str) -> int:
    """Characters as Slack counts them: UTF-16 units, of which an emoji has two."""
    return len(text.encode("utf-16-le")) // 2


def escape(text: str) -> str:
    """Text that shows as it is and makes no link and no mention."""
    return text.translate(_ESCAPES)


def link(url: str, label: str) -> str:
    """A link to an absolute URL."""
    address = url.translate(_IN_ADDRESS)
    shown = escape(" ".join(label.split()))
    return f"<{address}|{shown}>" if shown and label != url else f"<{address}>"


def written(block: Block) -> str:
    """One block, complete in itself: whatever is opened in it is closed in it."""
    if block.kind == "rule":
        return RULE
    if block.kind == "code":
        text = _fenced(block.text)
    else:
        marked = "".join(_run(run, heading=block.kind == "heading") for run in block.runs)
        text = block.prefix + _without_fences(marked).replace("\n", f"\n{block.indent}")
    return "> " + text.replace("\n", "\n> ") if block.quoted else text


def _fenced(text: str) -> str:
    return "```\n" + escape(_without_fences(text.strip("\n"))) + "\n```"


def _without_fences(text: str) -> str:
    """A fence of the author's would open code, or end ours: spaces of no width break it up."""
    return _FENCE.sub("`\u200b", text)


def _run(run: Run, *, heading: bool) -> str:
    styles = run.styles | {"bold"} if heading else run.styles
    marks = [mark for style, mark in _MARKS.items() if style in styles]
    if run.url:
        return dressed(link(run.url, run.text), marks)
    if "code" in styles and "`" not in run.text:
        marks.insert(0, "`")
    return "\n".join(dressed(escape(line), marks) for line in run.text.split("\n"))


def sections(blocks: Iterable[Block], room: int) -> tuple[list[str], bool]:
    """The blocks as texts of sections, at most `room` characters in all; and whether something was left out."""
    queue, texts, previous = deque(blocks), list[str](), ""
    while queue:
        head, rest = cut(queue.popleft(), partial(_fits, min(SECTION, room)))
        if head is None:
            return texts, True
        text = written(head)
        gap = "\n" if previous and head.prefix else "\n\n"
        if texts and size(texts[-1]) + len(gap) + size(text) <= SECTION:
            texts[-1] += gap + text
        else:
            texts.append(text)
        room -= size(text) + len(gap)
        previous = head.prefix
        if rest is not None:
            queue.appendleft(rest)
    return texts, False


def _fits(limit: int, block: Block) -> bool:
    return size(written(block)) <= limit
