"""GitHub's Markdown, written so that no text of an event becomes markup, a mention or a reference. Pure.

GitHub looks for mentions and references in the text that Markdown has become, so escapes do not stop it: spaces of
no width do.
"""

from __future__ import annotations

import re
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tocsin import conf
from tocsin.channels.chat.body import Block, Run, cut, dressed
from tocsin.channels.chat.reader import STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SPACE = "\u200b"
HARD_SPACE = "\u00a0"
RULE = "* * *"
GAP = 3
"""Characters between two blocks, at most."""
PUBLIC, REDIRECT = frozenset({"github.com", "www.github.com"}), "redirect.github.com"
_REFERENCES = re.compile(
    r"@(?=\w)"  # people, teams, commits of others
    r"|\#(?=\d)"  # issues and pull requests
    r"|(?:GH|GHSA|CVE)-(?=[0-9a-z])"
    r"|(?:https?|ftp):(?=//)|\b(?:mailto|xmpp):(?=\S)|www(?=\.)"  # bare addresses
    r"|:(?=(?:100|1234|(?=[\w+-]{0,63}?[a-z+-])[\w+-]{1,64}):)",  # names of emoji, of which none is longer
    re.IGNORECASE,
)
_HASH = re.compile(r"(?<![^\W_])(?=[0-9]*[a-f])[0-9a-f]{7,64}(?![^\W_])", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*_\[\]|~]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "<span>$</span>"})
_AT_START = re.compile(r"\A(?:([0-9]{1,9})(?=[.)])|(?=[#+=:-]))")
"""What would make a heading, a list, a table or a rule of a line."""
_IN_ADDRESS = str.maketrans(
    {
        "&": "&amp;",
        "<": "%3C",
        ">": "%3E",
        " ": "%20",
        "\\": "%5C",
        "`": "%60",
        "|": "%7C",
        "[": "%5B",
        "]": "%5D",
    }
)
_BACKTICKS = re.compile(r"`+")
_ISSUES = re.compile(r"/[^/]+/[^/]+/(?:issues|pull|pulls|discussions|commit|commits)/", re.IGNORECASE)
_MARKS = {"bold": "**", "italic": "_", "strike": "~~"}


def size(text: str) -> int:
    """Characters, of which an emoji counts as two: GitHub does not say how it counts."""
    return len(text.encode("utf-16-le")) // 2


def broken(text: str) -> str:
    """Text that reads the same and names nobody and nothing: spaces of no width break up what would."""
    return _HASH.sub(_parted, _REFERENCES.sub(rf"\g<0>{SPACE}", text))


def escape(text: str) -> str:
    """Text that shows as it is; its lines stay lines, their indentation stays."""
    return "\n".join(map(_line, text.split("\n")))


def link(url: str, label: str) -> str:
    """A link to an absolute URL. What would leave a trace at the issue it leads to takes a way that leaves none."""
    shown = _inside(" ".join(label.split()) or url)
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if _ISSUES.match(parts.path) and host in PUBLIC:
        url = parts._replace(scheme="https", netloc=REDIRECT).geturl()
    elif _ISSUES.match(parts.path) and host == urlsplit(conf.get("GITHUB_API_URL")).hostname:
        return f"{shown} ({_inside(url)})"
    return f"[{shown}](<{url.translate(_IN_ADDRESS)}>)"


def written(blocks: Iterable[Block], room: int) -> tuple[str, bool]:
    """The blocks as one text of at most `room` characters; and whether something was left out."""
    queue, text, previous = deque(_outdented(blocks)), "", Block("")
    while queue:
        head, rest = cut(queue.popleft(), partial(_fits, room))
        if head is None:
            return text, True
        gap = _gap(previous, head) if text else ""
        text += gap + _written(head)
        room -= size(_written(head)) + GAP
        previous = head
        if rest is not None:
            queue.appendleft(rest)
    return text, False


class _Item(NamedTuple):
    """A list item that is open: in which columns its mark and its text stand, and how many further left they do."""

    mark: int
    text: int
    margin: int


def _outdented(blocks: Iterable[Block]) -> Iterator[Block]:
    """No block moved in further than the lists that are open before it: that would make code of it.

    Quotes and rules are written at the margin, so they end the lists that they stand in.
    """
    opened: list[_Item] = []
    was_quoted = False
    for block in blocks:
        if block.quoted is not was_quoted or block.kind == "rule":
            opened, was_quoted = [], block.quoted
        lead = len(block.prefix) - len(block.prefix.lstrip())
        if len(block.prefix) > lead:
            opened = [item for item in opened if item.mark < lead]
            margin = lead - len(opened) * len(STEP)
            opened.append(_Item(lead, len(block.indent), margin))
        else:
            opened = [item for item in opened if item.text <= lead]
            margin = lead - opened[-1].text + opened[-1].margin if opened else lead
        yield block._replace(prefix=_without(margin, block.prefix), indent=_without(margin, block.indent))


def _without(margin: int, text: str) -> str:
    """`text` less so many of the spaces that it begins with."""
    return text[min(margin, len(text) - len(text.lstrip())) :]


def _gap(before: Block, after: Block) -> str:
    """Items of one list follow one another; all else stands apart, or it would be part of what is before it."""
    if before.quoted is not after.quoted:
        return "\n\n"
    is_one_list = (kind := _list_of(after)) and kind == _list_of(before)
    return "\n" if is_one_list else "\n>\n" if after.quoted else "\n\n"


def _list_of(block: Block) -> str:
    """What tells lists apart: of numbered ones also how deep they are."""
    mark = block.prefix.strip()
    return mark if mark in ("", "•") else block.prefix[: -len(block.prefix.lstrip())] + "1."


def _fits(room: int, block: Block) -> bool:
    return size(_written(block)) + GAP <= room


def _written(block: Block) -> str:
    """One block, complete in itself: whatever is opened in it is closed in it."""
    if block.kind == "rule":
        text = RULE
    else:
        head = block.prefix.replace("• ", "- ") + "### " * (block.kind == "heading")
        text = head + _content(block).replace("\n", f"\n{block.indent}")
    return "> " + text.replace("\n", "\n> ") if block.quoted else text


def _content(block: Block) -> str:
    if block.kind == "code":
        return _fenced(block.text.strip("\n"))
    marked, is_start = "", True
    for run in block.runs:
        marked += _run(run, is_start=is_start)
        is_start = run.text.endswith("\n")
    return marked


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def _code(text: str) -> str:
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _run(run: Run, *, is_start: bool) -> str:
    marks = [mark for style, mark in _MARKS.items() if style in run.styles]
    if run.url:
        return dressed(link(run.url, run.text), marks)
    if "code" in run.styles and run.text.strip():
        return dressed(_code(run.text.replace("\n", " ")), marks)
    first, *others = run.text.split("\n")
    lines = [_line(first) if is_start else _inside(first), *map(_line, others)]
    return "\n".join(dressed(line, marks) for line in lines)


def _line(line: str) -> str:
    """A whole line: its indentation would make code of it, its beginning a list."""
    rest = line.expandtabs(4).lstrip(" ")
    indent = HARD_SPACE * (len(line.expandtabs(4)) - len(rest))
    return indent + _AT_START.sub(r"\g<1>\\", _inside(rest), count=1)


def _inside(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", broken(text)).translate(_ENTITIES)


def _parted(found: re.Match[str]) -> str:
    """Pieces too short to be taken for a commit."""
    return SPACE.join(re.findall(".{1,6}", found[0]))
