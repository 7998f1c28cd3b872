"""Channel `slack`: Block Kit messages by a bot token (with threads and updates) or an incoming webhook."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from tocsin import conf
from tocsin.channels import http
from tocsin.channels.base import Abilities, Cause, Channel, Message, Outcome, Rejected, Rendered
from tocsin.channels.chat.pages import Pages
from tocsin.channels.slack.answers import read, read_update
from tocsin.channels.slack.form import SlackForm
from tocsin.channels.slack.layout import LONGEST, document, variables
from tocsin.channels.slack.steps import Step, Steps
from tocsin.channels.subject import subject_of
from tocsin.channels.text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tocsin.channels.base import Feed

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

    def render(self, message: Message) -> Rendered:
        return Rendered(subject_of(message), to_text(message.event.body), payload=document(message))

    def send(self, message: Message) -> Outcome:
        """Send one, as somebody does who tries a destination: also to a host whose circuit is open."""
        for _, outcome in self._carry_out(Steps([message], _no_more), slots=1, probe=True):
            return outcome
        raise AssertionError("a message ends in an outcome")

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        return self._carry_out(Steps(feed, feed.more), slots=self.batch_size, probe=False)

    def _carry_out(self, steps: Steps, *, slots: int, probe: bool) -> Iterator[tuple[Message, Outcome]]:
        """A message of two requests has half of its time for each."""
        half = self.deadline_seconds / 2
        make = partial(build, pages=Pages(_page))
        for step, outcome in http.post_many(
            steps, make, _read, slots=slots, share=1.0, deadline=half, probe=probe
        ):
            following = step.following(outcome)
            if following is None:
                yield step.message, step.outcome(outcome)
            else:
                steps.push(following)


def _no_more(free: int) -> list[Message]:
    return []


def _read(response: http.Response) -> Outcome:
    return read_update(response) if response.request.url.endswith(UPDATE) else read(response)


def build(step: Step, pages: Pages) -> http.Request | Outcome:
    """The request of one step."""
    settings = step.message.target.settings
    if url := settings.get("webhook_url"):
        return _by_webhook(step.message, url, pages)
    if settings.get("token") and settings.get("channel"):
        return _by_token(step, settings["token"], settings["channel"], pages)
    return Rejected(Cause.BAD_SETTINGS, "The destination has no webhook URL and no token. Save it again.")


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


def _by_token(step: Step, token: str, channel: str, pages: Pages) -> http.Request:
    where: dict[str, Any]
    if step.updates and step.root is not None:
        method, where = UPDATE, {"channel": step.root.channel, "ts": step.root.ts}
    elif step.root is not None:
        method, where = POST, {"channel": step.root.channel, "thread_ts": step.root.ts}
    else:
        method, where = POST, {"channel": channel}
    if method == POST:
        where |= _metadata(step.message) | NO_PREVIEWS
    url = f"{conf.get('SLACK_API_URL').rstrip('/')}/{method}"
    body = pages.of(step.message) + _encoded(where)[1:]
    return _request(url, body, {"authorization": f"Bearer {token}"}, token)


def _metadata(message: Message) -> dict[str, Any]:
    """Slack takes no key that keeps a second try from being a second post; by this one the two can be told."""
    payload = {"key": message.key, "event": message.event.id, "delivery": f"d{message.delivery_id}"}
    if message.thread:
        payload["thread"] = message.thread
    return {"metadata": {"event_type": "tocsin_message", "event_payload": payload}}


def _request(url: str, body: bytes, headers: dict[str, str], secret: str) -> http.Request:
    """`secret` is what Slack counts its limits by; a digest of it is the key under which they are kept."""
    return http.Request(
        url,
        body,
        {"content-type": "application/json; charset=utf-8"} | headers,
        secret_values=(secret,),
        limit_key="slack:" + hashlib.sha256(secret.encode()).hexdigest()[:32],
    )
