"""A loopback Slack: `chat.postMessage`, `chat.update` and incoming webhooks, as strict as the documentation.

It renders what it gets. Whatever would mention somebody, or break a limit of Block Kit, is refused and written down.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Self

from tests.servers.http_sink import HttpSink, Reply

if TYPE_CHECKING:
    from tests.servers.http_sink import Seen

TOKEN = "xoxb-123456789012-210987654321-s3cretS3cretS3cret"
_TOKEN = re.compile(r"<([^<>]*)>")
_BARE_MENTION = re.compile(r"@(?:here|channel|everyone)\b")


class RefusedBySlack(AssertionError):
    """Slack would refuse it, or somebody would be mentioned."""


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def need(kept: object, told: str) -> None:
    if not kept:
        raise RefusedBySlack(told)


def decoded(text: str) -> str:
    """The three entities that Slack knows."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def shown_mrkdwn(text: str, *, literal: bool) -> str:
    """What a reader sees of mrkdwn; raises for every token that mentions and for links to other schemes."""

    def token(found: re.Match[str]) -> str:
        address, _, label = found[1].partition("|")
        need(address[:1] not in ("!", "@", "#"), f"a mention: {found[0]}")
        need(re.match(r"(?:https?://|mailto:)", address, re.IGNORECASE), f"a link to {address}")
        return label or address

    plain = _TOKEN.sub(token, text)
    need("<" not in plain, f"a stray <: {text[:200]!r}")
    need(re.sub(r"^> ", "", plain, flags=re.MULTILINE).count(">") == 0, f"a stray >: {text[:200]!r}")
    need(plain.count("```") % 2 == 0, "a fence that is not closed")
    shown = decoded(plain)
    need(literal or not _BARE_MENTION.search(shown), f"a word that Slack makes a mention of: {shown[:200]!r}")
    return shown


def shown_message(payload: dict[str, Any]) -> str:
    """The text of all blocks, judged by the limits of Block Kit."""
    literal = payload.get("parse") == "none" and payload.get("link_names") is False
    shown_mrkdwn(payload["text"], literal=literal)
    need(0 < units(payload["text"]) <= 4000, "text has no length that Slack takes")
    lines = []
    groups = [payload.get("blocks", []), *(each["blocks"] for each in payload.get("attachments", []))]
    for blocks in groups:
        need(len(blocks) <= 50, f"{len(blocks)} blocks")
        lines += [shown_block(block) for block in blocks]
    need(sum(map(units, lines)) <= 13_000, "msg_blocks_too_long")
    for each in payload.get("attachments", []):
        need(re.fullmatch(r"#[0-9a-f]{6}", each["color"]), "a colour")
    return "\n".join(filter(None, lines))


def shown_block(block: dict[str, Any]) -> str:
    kind = block["type"]
    if kind == "divider":
        return ""
    if kind == "header":
        need(block["text"]["type"] == "plain_text", "a header is plain text")
        return shown_text(block["text"], 150)
    if kind == "section":
        return shown_text(block["text"], 3000)
    if kind == "context":
        need(0 < len(block["elements"]) <= 10, "elements of a context")
        return "\n".join(shown_text(element, 2000) for element in block["elements"])
    need(kind == "actions", f"a block of type {kind}")
    need(0 < len(block["elements"]) <= 25, "elements of actions")
    ids = [button["action_id"] for button in block["elements"]]
    need(len(set(ids)) == len(ids), "two buttons with one id")
    for button in block["elements"]:
        need(button["type"] == "button" and button["url"].startswith("https://"), f"a button: {button}")
        need(len(button["url"]) <= 3000, "the URL of a button")
    return "\n".join(shown_text(button["text"], 75) for button in block["elements"])


def shown_text(text: dict[str, Any], limit: int) -> str:
    need(0 < units(text["text"]) <= limit, f"{units(text['text'])} characters where {limit} are the most")
    if text["type"] == "plain_text":
        need(text["emoji"] is False, "names of emoji in plain text")
        need("<" not in text["text"] and ">" not in text["text"], f"not escaped: {text['text'][:200]!r}")
        return decoded(text["text"])
    return shown_mrkdwn(text["text"], literal=text.get("verbatim") is True)


class SlackServer:
    """`with SlackServer() as slack:`; `slack.messages` is what the workspace shows, by "channel/ts"."""

    def __init__(self) -> None:
        self.sink = HttpSink(self._answer)
        self.messages: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.refused: list[str] = []
        self.answers: list[Reply | str | None] = []
        """For the next requests in turn: a reply, an error's word, or None for what Slack would answer."""
        self.tokens = {TOKEN}
        self.channels = {"C0123ABCD": "C0123ABCD", "#ops": "C0123ABCD", "U0123ABCD": "D0123ABCD"}
        self.hooks = {"/services/T0/B0/h00kS3cretH00k"}

    @property
    def api_url(self) -> str:
        return self.sink.url + "api/"

    @property
    def hook_url(self) -> str:
        return self.sink.url + "services/T0/B0/h00kS3cretH00k"

    def __enter__(self) -> Self:
        self.sink.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sink.__exit__(*exc)

    def shown(self, name: str) -> str:
        return shown_message(self.messages[name])

    def _answer(self, seen: Seen) -> Reply:
        method = seen.path.rpartition("/")[2]
        self.calls.append(method)
        scripted = self.answers.pop(0) if self.answers else None
        if isinstance(scripted, Reply):
            return scripted
        if not seen.path.startswith("/api/"):
            return self._by_hook(seen, scripted)
        error = scripted or self._error(seen, method)
        if error:
            return Reply(200, json.dumps({"ok": False, "error": error}).encode())
        return self._take(json.loads(seen.body), method)

    def _error(self, seen: Seen, method: str) -> str:
        if seen.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return "invalid_auth"
        if seen.headers["content-type"] != "application/json; charset=utf-8":
            return "invalid_post_type"
        payload = json.loads(seen.body)
        if payload["channel"] not in {*self.channels, *self.channels.values()}:
            return "channel_not_found"
        if method == "chat.update":
            if payload["channel"].startswith(("#", "U")):
                return "channel_not_found"
            if f"{payload['channel']}/{payload['ts']}" not in self.messages:
                return "message_not_found"
        return self._unfit(payload)

    def _unfit(self, payload: dict[str, Any]) -> str:
        try:
            shown_message(payload)
        except RefusedBySlack as error:
            self.refused.append(str(error))
            return "invalid_blocks"
        return ""

    def _take(self, payload: dict[str, Any], method: str) -> Reply:
        channel = self.channels.get(payload["channel"], payload["channel"])
        ts = payload["ts"] if method == "chat.update" else f"{1700000000 + len(self.messages)}.000100"
        kept = self.messages.get(f"{channel}/{ts}", {})
        self.messages[f"{channel}/{ts}"] = kept | payload
        said = {"ok": True, "channel": channel, "ts": ts, "message": payload | {"type": "message"}}
        return Reply(200, json.dumps(said).replace("/", r"\/").encode())

    def _by_hook(self, seen: Seen, scripted: str | None) -> Reply:
        if scripted:
            return Reply(400, scripted.encode())
        if seen.path not in self.hooks:
            return Reply(404, b"no_service")
        payload = json.loads(seen.body)
        if self._unfit(payload):
            return Reply(400, b"invalid_blocks")
        self.messages[f"hook/{len(self.messages)}"] = payload
        return Reply(200, b"ok")
