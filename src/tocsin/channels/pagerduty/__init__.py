"""Channel `pagerduty`: alerts that are triggered, acknowledged and resolved by the Events API v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tocsin import conf
from tocsin.channels import http
from tocsin.channels.base import Abilities, Cause, Channel, Message, Moot, Outcome, Rejected, Rendered
from tocsin.channels.pagerduty.alert import LIMIT, TRIGGERS, dedup_key, document, encode
from tocsin.channels.pagerduty.answers import read
from tocsin.channels.pagerduty.form import PagerdutyForm
from tocsin.channels.subject import subject_of
from tocsin.channels.text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tocsin.channels.base import Feed

HOSTS = {"us": "https://events.pagerduty.com/", "eu": "https://events.eu.pagerduty.com/"}


class PagerdutyChannel(Channel):
    """Up to 64 requests at once; limits are those of the integration key."""

    slug = "pagerduty"
    label = "PagerDuty"
    form = PagerdutyForm
    batch_size: ClassVar[int] = http.SLOTS
    deadline_seconds: ClassVar[float] = http.DEADLINE_SECONDS
    abilities: ClassVar[Abilities] = Abilities(
        formats=("text", "json"), max_bytes=LIMIT, updates=True, receipts=True
    )
    joins: ClassVar[bool] = False  # one message can open, or close, one alert only

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """What the owner says of where its alerts come from: the key is a secret."""
        told = settings.get("source") or settings.get("component") or settings.get("group")
        return f"{self.label} · {told}" if told else str(self.label)

    def host_of(self, settings: Mapping[str, Any]) -> str:
        return super().host_of({"url": base_of(settings)})

    def render(self, message: Message) -> Rendered:
        return Rendered(subject_of(message), to_text(message.event.body), payload=document(message))

    def send(self, message: Message) -> Outcome:
        """Send one, as somebody does who tries a destination: also to a host whose circuit is open."""
        return http.converse(talk(message), deadline=self.deadline_seconds, probe=True)

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        return http.converse_many(
            feed, talk, slots=self.batch_size, share=1.0, deadline=self.deadline_seconds
        )


def talk(message: Message) -> http.Conversation:
    """One request; the alert's key is the name of the message."""
    request = build(message)
    if not isinstance(request, http.Request):
        return request
    return read((yield request), dedup_key(message))


def base_of(settings: Mapping[str, Any]) -> str:
    """Where the Events API is for a destination."""
    url: str = conf.get("PAGERDUTY_URL") or HOSTS[settings.get("region") or "us"]
    return url


def build(message: Message) -> http.Request | Outcome:
    """The request. Without a group there is nothing that could be acknowledged or resolved."""
    settings = message.target.settings
    key = settings.get("routing_key")
    if not key:
        return Rejected(Cause.BAD_SETTINGS, "The destination has no integration key. Save it again.")
    if message.action not in TRIGGERS and not message.group:
        return Moot()
    return http.Request(
        f"{base_of(settings).rstrip('/')}/v2/enqueue",
        encode({"routing_key": key} | document(message)),
        {"content-type": "application/json"},
        secret_values=(key,),
        limit_key=http.limit_key("pagerduty", key),
    )
