"""Channel `slack`: Block Kit messages by a bot token (with threads and updates) or an incoming webhook."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from tocsin import conf
from tocsin.channels import http
from tocsin.channels.base import Abilities, Cause, Channel, Message, Outcome, Rejected, Rendered, Sent
from tocsin.channels.chat.pages import Pages
from tocsin.channels.slack.answers import read, read_update
from tocsin.channels.slack.form import SlackForm
from tocsin.channels.slack.layout import LONGEST, document, variables
from tocsin.channels.slack.root import root_of
from tocsin.channels.subject import subject_of
from tocsin.channels.text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tocsin.channels.base import Feed

MOST_BYTES = 1_000_000
"""Of an answer, which holds the message as Slack took it, up to twelve bytes a character."""
POST, UPDATE = "chat.postMessage", "chat.update"
LITERAL = {"parse": "none", "link_names": False}
"""Slack makes no link and no mention of bare words."""
NO_PREVIEWS = {"unfurl_links": False, "unfurl_media": False}


class SlackChannel(Channel):
    """Up to 64 requests at once; what Slack limits is counted per token or webhook."""

    slug = "slack"
    label = "Slack"
    form = SlackForm
    batch_size: ClassVar[int] = http.SLOTS
    deadline_seconds: ClassVar[float] = http.DEADLINE_SECONDS
    abilities: ClassVar[Abilities] = Abilities(
        formats=("text", "markdown", "blocks"),
        max_characters=LONGEST,
        updates=True,
        threads=True,
        receipts=True,
    )

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """The channel, or the webhook's host: its path is a secret."""
        return settings.get("channel") or http.origin_of(settings.get("webhook_url", "")) or str(self.label)

    def host_of(self, settings: Mapping[str, Any]) -> str:
        return super().host_of({"url": settings.get("webhook_url") or conf.get("SLACK_API_URL")})

    def render(self, message: Message) -> Rendered:
        return Rendered(subject_of(message), to_text(message.event.body), payload=document(message))

    def send(self, message: Message) -> Outcome:
        """Send one, as somebody does who tries a destination: also to a host whose circuit is open."""
        return http.converse(talk(message, Pages(_page)), deadline=self.deadline_seconds, probe=True)

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        begin = partial(talk, pages=Pages(_page))
        return http.converse_many(
            feed, begin, slots=self.batch_size, share=1.0, deadline=self.deadline_seconds
        )


def talk(message: Message, pages: Pages) -> http.Conversation:
    """One post; for a later event of a group the update of its root, then the post as a reply.

    The update comes first because it may be repeated without harm, and shows the last event alone: what is so now. A
    reply keeps the root's name, which stays the group's.
    """
    settings = message.target.settings
    if url := settings.get("webhook_url"):
        return read((yield _by_webhook(message, url, pages)))
    if not (settings.get("token") and settings.get("channel")):
        return Rejected(Cause.BAD_SETTINGS, "The destination has no webhook URL and no token. Save it again.")
    root = root_of(message)
    if root is not None and not message.is_late:
        now = replace(message, events=message.events[-1:])
        updated = read_update((yield _by_token(now, UPDATE, root.place, pages)))
        if not isinstance(updated, Sent):
            return updated
        root = root if updated.provider_id else None
    where = root.thread if root else {"channel": settings["channel"]}
    outcome = read((yield _by_token(message, POST, _metadata(message) | NO_PREVIEWS | where, pages)))
    return Sent(str(root)) if root and isinstance(outcome, Sent) else outcome


def _page(message: Message) -> bytes:
    """The beginning of a body, with all that its recipients see."""
    return _encoded(document(message) | LITERAL)[:-1] + b","


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _by_webhook(message: Message, url: str, pages: Pages) -> http.Request:
    if "/services/" in url:
        body = pages.of(message) + _encoded(_metadata(message) | NO_PREVIEWS)[1:]
    else:
        body = _encoded(variables(message))
    return _request(url, body, {}, url)


def _by_token(message: Message, method: str, more: dict[str, Any], pages: Pages) -> http.Request:
    token = message.target.settings["token"]
    url = f"{conf.get('SLACK_API_URL').rstrip('/')}/{method}"
    body = pages.of(message) + _encoded(more)[1:]
    return _request(url, body, {"authorization": f"Bearer {token}"}, token)


def _metadata(message: Message) -> dict[str, Any]:
    """Slack takes no key that keeps a second try from being a second post; by this one the two can be told."""
    payload = {"key": message.key, "event": message.event.id, "delivery": f"d{message.delivery_id}"}
    if message.thread:
        payload["thread"] = message.thread
    return {"metadata": {"event_type": "tocsin_message", "event_payload": payload}}


def _request(url: str, body: bytes, headers: dict[str, str], secret: str) -> http.Request:
    """`secret` is what Slack counts its limits by."""
    return http.Request(
        url,
        body,
        {"content-type": "application/json; charset=utf-8"} | headers,
        secret_values=(secret,),
        limit_key=http.limit_key("slack", secret),
        most_bytes=MOST_BYTES,
    )
