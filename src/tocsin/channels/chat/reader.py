"""From Markdown to blocks, by way of the sanitised HTML of `channels.text`: every channel shows the same. Pure."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from tocsin.channels.chat.body import Block, Run
from tocsin.channels.text import to_html

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMES = ("https://", "http://", "mailto:")
STYLES = {"strong": "bold", "em": "italic", "s": "strike", "del": "strike", "code": "code"}
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
STEP = " " * 4
TABLE_RULE = "-" * 20


def blocks_of(markdown: str) -> list[Block]:
    """The blocks of a Markdown body; none for an empty one."""
    if not markdown.strip():
        return []
    reader = _Reader()
    reader.feed(to_html(markdown))
    reader.close()
    reader.end_block()
    return reader.blocks


class _Reader(HTMLParser):
    """Blocks so far, and what is open: styles, lists, quotes, a table."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._runs: list[Run] = []
        self._styles: list[str] = []
        self._url = ""
        self._kind = "text"
        self._lists: list[int] = []
        """The next number of each open list; 0 for one without numbers."""
        self._mark = ""
        self._width = 0
        self._quotes = 0
        self._cells: list[str] = []
        self._rows: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            url = given.get("href") or ""
            self._url = url if url.lower().startswith(SCHEMES) else ""
        elif tag in STYLES and self._kind != "code":
            self._styles.append(STYLES[tag])
        elif tag in ("ul", "ol"):
            self.end_block()
            self._lists.append(int(given.get("start") or 1) if tag == "ol" else 0)
        elif tag in ("p", "li", "blockquote", "pre", "hr", *HEADINGS):
            self.end_block()
            self._open(tag)

    def _open(self, tag: str) -> None:
        if tag == "li":
            self._mark = self._next_mark()
            self._width = len(self._mark)
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._kind = "code"
        elif tag in HEADINGS:
            self._kind = "heading"
        elif tag == "hr":
            self._add("rule", ())

    def _next_mark(self) -> str:
        number = self._lists[-1] if self._lists else 0
        if not number:
            return "• "
        self._lists[-1] += 1
        return f"{number}. "

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._url = ""
        elif tag in STYLES and self._styles:
            self._styles.pop()
        elif tag in ("td", "th"):
            self._cells.append("".join(run.text for run in self._runs).strip().replace("\n", " "))
            self._runs = []
        elif tag in ("tr", "thead", "table"):
            self._close_table(tag)
        elif tag in ("p", "li", "blockquote", "pre", "ul", "ol", *HEADINGS):
            self.end_block()
            self._kind = "text"
            if tag in ("ul", "ol"):
                self._lists.pop()
            elif tag == "blockquote":
                self._quotes -= 1

    def _close_table(self, tag: str) -> None:
        if tag == "tr":
            self._rows.append(" | ".join(self._cells))
            self._cells = []
        elif tag == "thead":
            self._rows.append(TABLE_RULE)
        else:
            self._add("code", (Run("\n".join(self._rows)),))
            self._rows = []

    def handle_data(self, data: str) -> None:
        if self._runs or self._kind == "code" or not data.isspace():
            self._runs.append(Run(data, frozenset(self._styles), self._url))

    def end_block(self) -> None:
        """Make a block of the runs that have come."""
        runs, self._runs = self._runs, []
        if runs:
            runs[-1] = runs[-1]._replace(text=runs[-1].text.rstrip("\n"))
        if any(run.text for run in runs):
            self._add(self._kind, tuple(run for run in runs if run.text))

    def _add(self, kind: str, runs: tuple[Run, ...]) -> None:
        outer = STEP * max(0, len(self._lists) - 1)
        indent = outer + " " * self._width if self._lists else ""
        prefix = outer + self._mark if self._mark else indent
        self._mark = ""
        self.blocks.append(Block(kind, runs, prefix, indent, self._quotes > 0))
