"""Channel `webpush`: encrypted messages to browsers that subscribed, through the push services of their makers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import (
    Abilities,
    Cause,
    Channel,
    Message,
    Outcome,
    Rejected,
    Rendered,
    Retry,
    Sent,
)
from tocsin.channels.chat.event import gravest
from tocsin.channels.chat.pages import Pages
from tocsin.channels.extras import need
from tocsin.channels.http.urls import parse
from tocsin.channels.webpush.answers import AGAIN, read
from tocsin.channels.webpush.form import WebpushForm
from tocsin.channels.webpush.keys import UnknownKeyError, authorization, public_key
from tocsin.channels.webpush.payload import MOST_BYTES, document, encode, topic_of, with_proof
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tocsin.channels.base import Feed

need("pywebpush")  # it is imported when the first message is encrypted: that takes a third of a second

LONGEST_SECONDS = 86_400
"""For so long a push service keeps what a browser has not fetched."""
NO_KEYS = "There are no keys for web push. Run: tocsin webpush keys"
NOT_OURS = f"The browser subscribed under a key that is not in TOCSIN['WEBPUSH_KEYS'] any more: {AGAIN}."


class WebpushChannel(Channel):
    """Posts each message as one request. What a group's earlier message showed, a later one replaces."""

    slug = "webpush"
    label = _("Web push")
    form = WebpushForm
    batch_size: ClassVar[int] = http.SLOTS
    deadline_seconds: ClassVar[float] = http.DEADLINE_SECONDS
    typed: ClassVar[bool] = False
    abilities: ClassVar[Abilities] = Abilities(formats=("text",), max_bytes=MOST_BYTES, updates=True)

    def not_ready(self) -> str:
        return "" if public_key() else NO_KEYS

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """Scheme and host of the push service: the rest of the endpoint is a secret."""
        return http.origin_of(settings["endpoint"]) if settings.get("endpoint") else str(self.label)

    def render(self, message: Message) -> Rendered:
        made = document(message)
        return Rendered(made["title"], made["body"], payload=made)

    def send(self, message: Message) -> Outcome:
        """Send one, as somebody does who tries a destination: also to a host whose circuit is open."""
        return http.converse(talk(message, _pages()), deadline=self.deadline_seconds, probe=True)

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        begin = partial(talk, pages=_pages())
        return http.converse_many(feed, begin, slots=self.batch_size, deadline=self.deadline_seconds)


def _pages() -> Pages:
    return Pages(lambda message: encode(document(message)))


def talk(message: Message, pages: Pages) -> http.Conversation:
    """One post. What was taken is called by its topic, which the later messages of the group have too."""
    settings = message.target.settings
    if not all(settings.get(name) for name in ("endpoint", "p256dh", "auth")):
        return Rejected(Cause.BAD_SETTINGS, f"The destination has no subscription: {AGAIN}.")
    if not (today := public_key()):
        return Retry(Cause.BAD_SETTINGS, NO_KEYS)
    try:
        signed = authorization(_origin(settings["endpoint"]), settings.get("key") or today)
    except UnknownKeyError:
        return Rejected(Cause.BAD_SETTINGS, NOT_OURS)
    topic = topic_of(message)
    page = with_proof(pages.of(message), message)
    outcome = read((yield _request(message, page, signed, topic)))
    return Sent(topic) if isinstance(outcome, Sent) else outcome


def _origin(endpoint: str) -> str:
    """As it stands in a JWT (RFC 6454, 6.2): in lower case, without a port that goes without saying."""
    parsed = parse(endpoint)
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    standard = 443 if parsed.scheme == "https" else 80
    return f"{parsed.scheme}://{host}" + ("" if parsed.port == standard else f":{parsed.port}")


def _request(message: Message, page: bytes, signed: str, topic: str) -> http.Request:
    settings = message.target.settings
    headers = {
        "authorization": signed,
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(seconds_left(message)),
        "urgency": "high" if gravest(message) >= Level.ERROR and message.action != "resolve" else "normal",
    }
    return http.Request(
        settings["endpoint"],
        encrypted(page, settings),
        headers | ({"topic": topic} if topic else {}),
        secret_values=(settings["endpoint"], settings["p256dh"], settings["auth"], signed),
        limit_key=http.limit_key("webpush", settings["endpoint"]),
    )


def seconds_left(message: Message) -> int:
    """How long it is worth fetching: until the last of its events expires, a day at most. 0 means now or never."""
    ends = [event.expires_at for event in message.events if event.expires_at is not None]
    if len(ends) < len(message.events):
        return LONGEST_SECONDS
    return max(0, min(LONGEST_SECONDS, int((max(ends) - clock.now()).total_seconds())))


def encrypted(page: bytes, settings: Mapping[str, Any]) -> bytes:
    """`page` as only the browser can open it (RFC 8291)."""
    from pywebpush import WebPusher  # type: ignore[import-untyped]

    # Plain texts: the package copies what it is given, and knows no text that hides itself.
    keys = {name: str(settings[name]) for name in ("p256dh", "auth")}
    pusher = WebPusher({"endpoint": str(settings["endpoint"]), "keys": keys})
    body: bytes = pusher.encode(page, content_encoding="aes128gcm")["body"]
    return body
