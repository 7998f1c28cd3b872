"""Plain text from parsed Markdown, for `text.py`: what a mail without HTML, a terminal or an SMS shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

RULE = "-" * 40
_SEPARATED = {
    "paragraph_close",
    "heading_close",
    "bullet_list_close",
    "ordered_list_close",
    "blockquote_close",
    "table_close",
}


def plain_text(tokens: Sequence[Token]) -> str:
    """Readable text of a Markdown document's tokens."""
    page = _Page()
    for token in tokens:
        page.take(token)
    return "\n".join(page.lines).strip("\n") + "\n"


class _Page:
    """Lines so far, and the prefixes of the quotes and list items that are open."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.prefixes: list[str] = []
        self.marker = ""
        self.gap = False
        self.cells: list[str] | None = None

    def take(self, token: Token) -> None:
        kind = token.type
        if kind == "inline":
            self._inline(token)
        elif kind in ("fence", "code_block"):
            self._block("    " + token.content.rstrip("\n").replace("\n", "\n    "))
            self.gap = True
        elif kind == "hr":
            self._block(RULE)
            self.gap = True
        elif kind in ("blockquote_open", "list_item_open"):
            self._open(token)
        elif kind in ("blockquote_close", "list_item_close"):
            self._close()
        elif kind == "tr_open":
            self.cells = []
        elif kind == "tr_close":
            self._block(" | ".join(self.cells or ()))
            self.cells = None
        elif kind == "thead_close":
            self._block(RULE)
        if kind in _SEPARATED and not token.hidden:
            self.gap = True

    def _inline(self, token: Token) -> None:
        text = inline_text(token.children or ())
        if self.cells is None:
            self._block(text)
        else:
            self.cells.append(text.replace("\n", " "))

    def _open(self, token: Token) -> None:
        if self.marker:
            self._block("")
        if token.type == "blockquote_open":
            self._separate()
            self.prefixes.append("> ")
            return
        self.marker = f"{token.info}{token.markup} " if token.info else "- "
        self.prefixes.append(" " * len(self.marker))

    def _close(self) -> None:
        if self.marker:
            self._block("")
        self.prefixes.pop()

    def _block(self, text: str) -> None:
        self._separate()
        for line in text.split("\n"):
            prefix = "".join(self.prefixes)
            if self.marker:
                prefix = prefix[: -len(self.marker)] + self.marker
                self.marker = ""
            self.lines.append((prefix + line).rstrip())

    def _separate(self) -> None:
        if self.gap:
            self.lines.append("".join(self.prefixes[: -1 if self.marker else None]).rstrip())
        self.gap = False


def inline_text(children: Sequence[Token]) -> str:
    """One run of text; a link becomes "label (url)", or the bare address where the label says the same."""
    parts: list[str] = []
    links: list[tuple[int, str]] = []
    for child in children:
        if child.type in ("text", "code_inline", "text_special"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "image":
            parts.append(_link(inline_text(child.children or ()), str(child.attrs.get("src", ""))))
        elif child.type == "link_open":
            links.append((len(parts), str(child.attrs.get("href", ""))))
        elif child.type == "link_close":
            start, url = links.pop()
            parts[start:] = [_link("".join(parts[start:]), url)]
    return "".join(parts)


def _link(label: str, url: str) -> str:
    url = url.removeprefix("mailto:")
    if not url or label == url:
        return label
    return f"{label} ({url})" if label else url
