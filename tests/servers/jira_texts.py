"""What people see of a text in Jira: ADF by its schema, wiki markup by its documented rules.

Whatever would mention somebody, load a picture, run a macro of another kind than ours or link to another scheme is
refused.
"""

from __future__ import annotations

import html
import re
from typing import Any

LINK = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
MARKS = {"strong", "em", "strike", "code", "link"}
PARTS = {
    "doc": {"paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule"},
    "blockquote": {"paragraph", "bulletList", "orderedList", "codeBlock"},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": {"paragraph", "bulletList", "orderedList", "codeBlock"},
    "paragraph": {"text", "hardBreak"},
    "heading": {"text", "hardBreak"},
    "codeBlock": {"text"},
}
MAY_BE_EMPTY = {"paragraph", "heading", "codeBlock"}
ATTRS = {"heading": {"level"}, "orderedList": {"order"}}


class RefusedByJira(AssertionError):
    """Jira would refuse it, or do what no event may ask for."""


def need(kept: object, told: str) -> None:
    if not kept:
        raise RefusedByJira(told)


def shown_adf(doc: Any) -> str:
    """The text of a document, judged by the schema."""
    need(
        isinstance(doc, dict) and doc.get("version") == 1 and doc.get("type") == "doc",
        "Operation value must be ADF",
    )
    return _shown_node({name: value for name, value in doc.items() if name != "version"})


def _shown_node(node: dict[str, Any]) -> str:
    kind = node["type"]
    if kind in ("hardBreak", "rule"):
        need(set(node) == {"type"}, f"a {kind} with members")
        return "\n"
    if kind == "text":
        return _shown_text(node)
    need(kind in PARTS, f"a node of type {kind}")
    need(set(node) <= {"type", "content", "attrs"}, f"members of {kind}: {set(node)}")
    need(set(node.get("attrs", {})) == ATTRS.get(kind, set()), f"attributes of {kind}")
    content = node["content"]
    need(content or kind in MAY_BE_EMPTY, f"an empty {kind}")
    need(
        {each["type"] for each in content} <= PARTS[kind], f"in {kind}: {[each['type'] for each in content]}"
    )
    if kind == "listItem":
        need(content[0]["type"] in ("paragraph", "codeBlock"), "an item that begins with a list")
    if kind == "codeBlock":
        need(not any(each.get("marks") for each in content), "marks in code")
    return "".join(map(_shown_node, content)) + ("\n" if kind in MAY_BE_EMPTY else "")


def _shown_text(node: dict[str, Any]) -> str:
    need(set(node) <= {"type", "text", "marks"} and node["text"], "an empty text")
    names = [mark["type"] for mark in node.get("marks", [])]
    need("marks" not in node or names, "no marks")
    need(set(names) <= MARKS and len(set(names)) == len(names), f"marks {names}")
    need("code" not in names or set(names) <= {"code", "link"}, f"code with {names}")
    for mark in node.get("marks", []):
        if mark["type"] == "link":
            need(LINK.fullmatch(mark["attrs"]["href"]), f"a link to {mark['attrs']['href']}")
    return node["text"]


_CODE = re.compile(r"^(?:[*#]+ )?\{noformat\}\n(.*?)\n\{noformat\}$", re.DOTALL | re.MULTILINE)
_OWN_LINK = re.compile(r"\[(?:([^\[\]|]*)\|)?([^\[\]|\n]+)\]")
_DRESS = re.compile(r"\{\*\}|\{_\}|\{-\}|\{\{|\}\}")
_LINE_START = re.compile(r"^(?:[*#]+ |h3\. )", re.MULTILINE)
_SMILEY = re.compile(r":\)|:\(|:P|:D|;\)|\((?:y|n|i|/|x|!|\+|-|\?|on|off|\*[rgby]?|flag|flagoff)\)")
_BARE = re.compile(r"(?:https?|ftp|file|irc|nntp|news)://|mailto:\S", re.IGNORECASE)
_PHRASES = re.compile(
    r"(?<![^\W_])([*_+^~-])(?=\S)(?:(?!\1)[^\n])*(?<=\S)\1(?![^\W_])|\?\?[^\n]+\?\?|(?<!\S)-{2,4}(?!\S)"
)
_STARTS = re.compile(r"^\s*(?:[*#-]+ |h[1-6]\. |bq\. |\|)", re.MULTILINE)
_ISSUE = re.compile(r"\b[A-Z][A-Z0-9_]+-[0-9]+\b")


def shown_wiki(text: Any) -> str:
    """The text of wiki markup. Every token that is left when ours are read is one that an event brought in."""
    need(isinstance(text, str), "Operation value must be a string")
    kept: list[str] = []

    def keep(shown: str) -> str:
        kept.append(shown)
        return f"\x00{len(kept) - 1}\x00"

    def code(found: re.Match[str]) -> str:
        need("{noformat}" not in found[1].lower(), "code that ends early")
        return keep(found[1])

    def link(found: re.Match[str]) -> str:
        label, address = found[1], found[2]
        need(LINK.fullmatch(address), f"a link to {address}: {found[0]}")
        need(not re.search(r"[{}!^]", address), f"markup in an address: {address}")
        return keep(html.unescape(label if label is not None else address))

    rest = _OWN_LINK.sub(link, _CODE.sub(code, text))
    rest = re.sub(r"^(?:\{quote\}|----)$", "", rest, flags=re.MULTILINE)
    rest = _LINE_START.sub("", _DRESS.sub("", rest))
    need(not re.search(r"[{}\[\]|!\\]", rest), f"markup: {rest[:300]!r}")
    for pattern in (_SMILEY, _BARE, _PHRASES, _STARTS, _ISSUE):
        need(not (found := pattern.search(rest)), f"markup: {found and found[0]!r} in {rest[:300]!r}")
    return re.sub("\x00([0-9]+)\x00", lambda found: kept[int(found[1])], html.unescape(rest))
