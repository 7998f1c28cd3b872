"""HTML as Markdown. What is not harmless is taken out first; what Markdown cannot say loses its tag, not its text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import nh3

if TYPE_CHECKING:
    from collections.abc import Sequence

TAGS = {"a", "b", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p",
        "pre", "strong", "ul", "div", "tr", "td"}  # fmt: skip
MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`"}
BLOCKS = {"p", "div", "ul", "ol", "blockquote", "pre", "tr"}
_HTML = re.compile(r"<[a-zA-Z/!][^>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&])")
_LISTED = re.compile(r"^(\s*(?:\d+(?=[.)]))?)([-+=.)])", re.MULTILINE)


def markdown_of(text: str) -> str:
    """HTML, or plain text, as Markdown that means the same."""
    if not _HTML.search(text):
        return _plain(text)
    writer = _Writer()
    writer.feed(
        nh3.clean(
            text,
            tags=TAGS,
            attributes={"a": {"href"}},
            url_schemes={"http", "https", "mailto"},
            link_rel=None,
        )
    )
    writer.close()
    return re.sub(r"\n{3,}", "\n\n", writer.text()).strip()


def _plain(text: str) -> str:
    return _LISTED.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))


class _Writer(HTMLParser):
    """Reads what was cleaned: well-formed, and of few tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._links: list[str] = []
        self._lists: list[int] = []
        """For each list that is open the number of its last entry, -1 where it has none."""
        self._literal = 0

    def text(self) -> str:
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._links.append(dict(attrs).get("href") or "")
            self._parts.append("[")
        elif tag in ("ul", "ol"):
            self._parts.append("\n\n" if not self._lists else "")
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._parts.append(f"\n{'  ' * (len(self._lists) - 1)}{self._bullet()} ")
        elif tag == "br":
            self._parts.append("  \n")
        elif tag == "hr":
            self._parts.append("\n\n---\n\n")
        elif tag == "pre":
            self._literal += 1
            self._parts.append("\n\n```\n")
        elif re.fullmatch("h[1-6]", tag):
            self._parts.append(f"\n\n{'#' * int(tag[1])} ")
        else:
            self._parts.append("\n\n" if tag in BLOCKS else self._mark(tag))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            href = self._links.pop() if self._links else ""
            self._parts.append(f"](<{href}>)" if href else "]")
        elif tag in ("ul", "ol"):
            del self._lists[-1:]
            self._parts.append("\n\n" if not self._lists else "")
        elif tag == "pre":
            self._literal -= 1
            self._parts.append("\n```\n\n")
        elif tag == "td":
            self._parts.append(" ")
        else:
            self._parts.append("\n\n" if tag in BLOCKS or re.fullmatch("h[1-6]", tag) else self._mark(tag))

    def handle_data(self, data: str) -> None:
        self._parts.append(data if self._literal else _plain(re.sub(r"\s+", " ", data)))

    def _bullet(self) -> str:
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            return f"{self._lists[-1]}."
        return "-"

    def _mark(self, tag: str) -> str:
        return "" if self._literal else MARKS.get(tag, "")
