"""A loopback Teams workflow that begins with a webhook, as strict as the documentation.

It renders what it gets. Markup that Adaptive Cards do not show, functions of cards and mentions are refused.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Self

from markdown_it import MarkdownIt

from tests.servers.http_sink import HttpSink, Reply

if TYPE_CHECKING:
    from tests.servers.http_sink import Seen

LIMIT = 28_672
PATH = "workflows/0a1b2c/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers&sv=1.0&sig=s1gnatureS3cret"
SHOWN = {"inline", "paragraph_open", "paragraph_close"}
SHOWN_INLINE = {
    "text",
    "text_special",
    "softbreak",
    "strong_open",
    "strong_close",
    "em_open",
    "em_close",
    "link_open",
    "link_close",
}
STYLES = {"default", "emphasis", "good", "attention", "warning", "accent"}
_parser = MarkdownIt("js-default", {"html": False, "linkify": False})


class RefusedByTeams(AssertionError):
    """Teams would refuse it, or show something that nobody wrote."""


def need(kept: object, told: str) -> None:
    if not kept:
        raise RefusedByTeams(told)


def shown_markdown(text: str) -> str:
    """What a reader sees of a text block."""
    need(not re.search(r"\{\{(?:DATE|TIME)\(", text), f"a function of the card: {text[:200]!r}")
    need("<at>" not in text, "a mention")
    lines = []
    for token in _parser.parse(text):
        need(token.type in SHOWN, f"{token.type} in {text[:200]!r}")
        if token.type == "inline":
            lines.append("".join(map(shown_inline, token.children or [])))
    return "\n".join(lines)


def shown_inline(token: Any) -> str:
    need(token.type in SHOWN_INLINE, f"{token.type}: {token.content[:200]!r}")
    if token.type == "link_open":
        need(re.match(r"(?:https?://|mailto:)", token.attrs["href"], re.IGNORECASE), f"a link: {token.attrs}")
    return "\n" if token.type == "softbreak" else token.content


def weight(payload: object) -> int:
    """The size as Teams counts it: the card is text inside its own JSON."""
    card = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return len(json.dumps(card, ensure_ascii=False).encode())


def shown_message(payload: dict[str, Any]) -> str:
    """The text of the card in an envelope."""
    need(payload["type"] == "message", "the envelope")
    [attachment] = payload["attachments"]
    need(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "the type of the attachment")
    need(attachment["contentUrl"] is None, "contentUrl")
    card = attachment["content"]
    need((card["type"], card["version"]) == ("AdaptiveCard", "1.4"), "the card")
    need(len(card["actions"]) <= 6, f"{len(card['actions'])} actions")
    titles = []
    for action in card["actions"]:
        need(action["type"] == "Action.OpenUrl", f"an action: {action}")
        need(action["url"].startswith(("https://", "http://")), f"an action: {action}")
        titles.append(action["title"])
    return "\n".join([*map(shown_element, card["body"]), *titles])


def shown_element(element: dict[str, Any]) -> str:
    if element["type"] == "Container":
        need(element["style"] in STYLES, "the style of a container")
        return "\n".join(map(shown_element, element["items"]))
    if element["type"] == "FactSet":
        return "\n".join(
            f"{shown_markdown(fact['title'])} {shown_markdown(fact['value'])}" for fact in element["facts"]
        )
    need(element["type"] == "TextBlock", f"an element of type {element['type']}")
    need(element["wrap"] is True, "a text that is cut off at the edge of the card")
    return shown_markdown(element["text"])


class TeamsServer:
    """`with TeamsServer() as teams:`; `teams.cards` are the payloads that were taken."""

    def __init__(self) -> None:
        self.sink = HttpSink(self._answer)
        self.cards: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self.answers: list[Reply] = []
        """For the next requests in turn, in place of what the workflow would answer."""

    @property
    def url(self) -> str:
        return self.sink.url + PATH

    def __enter__(self) -> Self:
        self.sink.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sink.__exit__(*exc)

    def _answer(self, seen: Seen) -> Reply:
        if self.answers:
            return self.answers.pop(0)
        if seen.path != f"/{PATH}":
            return error(401, "DirectApiAuthorizationRequired")
        if seen.headers["content-type"] != "application/json":
            return error(415, "UnsupportedMediaType")
        payload = json.loads(seen.body)
        if weight(payload) > LIMIT:
            return error(413, "RequestEntityTooLarge")
        try:
            shown_message(payload)
        except RefusedByTeams as told:
            self.refused.append(str(told))
            return error(400, "BadRequest")
        self.cards.append(payload)
        return Reply(202)


def error(status: int, code: str) -> Reply:
    """An error in the form of Azure's services."""
    return Reply(status, json.dumps({"error": {"code": code, "message": "It was told in words."}}).encode())
