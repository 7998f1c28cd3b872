"""What a service worker is given: one JSON document, small enough to be pushed once it is encrypted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from django.utils import translation

from tocsin.channels.chat.event import absolute, gravest
from tocsin.channels.clicks import proof_of
from tocsin.channels.shorten import shortened
from tocsin.channels.subject import in_language_of, subject_of
from tocsin.channels.text import one_line, to_text

if TYPE_CHECKING:
    from tocsin.channels.base import EventView, Message

MOST_BYTES = 4096
"""What every push service takes (RFC 8030, 7.2)."""
OVERHEAD = 103
"""What aes128gcm adds: salt, record size, length, public key, mark of the end, tag (16 + 4 + 1 + 65 + 1 + 16)."""
PROOF_BYTES = 73
"""What `with_proof` adds at most: name and marks, digits, colon, signature (10 + 19 + 1 + 43)."""
ROOM = MOST_BYTES - OVERHEAD - PROOF_BYTES
TITLE_BYTES, URL_BYTES, LINKS_BYTES = 700, 1500, 900
"""The most of the title, of an address, and of all links; the rest of the room is the text's."""
MOST_LINKS = 2
"""Browsers show no more buttons."""
MOST_TITLES, TITLE_CHARACTERS = 5, 80
"""Of the further events of a message."""

Json = dict[str, Any]


def encode(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def document(message: Message) -> Json:
    """The payload. Its text is shortened to what there is room for, and ends with "…" then.

    It leads nowhere where it is of several events: then a click opens the inbox, which has them all.
    """
    event, is_one = message.event, len(message.events) == 1
    with in_language_of(message):
        made: Json = {
            "v": 1,
            "event": event.id,
            "title": _fitted(subject_of(message), TITLE_BYTES),
            "body": "",
            "url": _page(event.url) if is_one else "",
            "tag": tag_of(message),
            "level": gravest(message).slug,
            "action": message.action,
            "at": event.created_at.isoformat(),
            "links": _links(event) if is_one else [],
            "more": len(message.events) - 1,
            "lang": translation.get_language() or "en",
        }
    return made | {"body": _fitted(_body(message), ROOM - len(encode(made)) + 2)}


def with_proof(page: bytes, message: Message) -> bytes:
    """The encoded payload as one person's: with it they can mark the event read, and nothing else."""
    if message.recipient is None or len(message.events) > 1:
        return page
    return b'%b,"read":%b}' % (page[:-1], encode(proof_of(message.delivery_id)))


def tag_of(message: Message) -> str:
    """What a later notification of the same group replaces: of the group where there is one, else the event's id.

    What comes late replaces nothing: what is shown is newer.
    """
    event, group = message.event, "" if message.is_late else message.group
    return _short(hashlib.sha256(f"{event.organization}\0{group}".encode()).digest()) if group else event.id


def topic_of(message: Message) -> str:
    """By what a push service replaces a message that was not fetched; "" where nothing is to be replaced.

    It is another one for each subscription, so that services cannot tell who hears of the same.
    """
    if not message.group or message.is_late:
        return ""
    secret = str(message.target.settings.get("auth", "")).encode()
    return _short(hmac.digest(secret, tag_of(message).encode(), hashlib.sha256))


def _short(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest)[:32].decode("ascii")


def _fitted(text: str, most: int) -> str:
    """`text` as JSON in at most `most` bytes, quotes included."""
    # What is longer than that in characters never fits: no need to measure all of a long body.
    return shortened(text[: most + 1], lambda part: len(encode(part)) <= most)


def _body(message: Message) -> str:
    """The text of the first event, and the titles of the further ones."""
    text = to_text(message.event.body).strip()
    further = message.events[1:]
    if not further:
        return text
    titles = [shortened(one_line(event.title), _is_short) for event in further[:MOST_TITLES]]
    if len(further) > MOST_TITLES:
        titles.append("…")
    listed = "\n".join(f"• {title}" for title in titles)
    room = ROOM // 2 - len(encode(listed))
    return f"{_fitted(text, max(room, 200))}\n{listed}".strip()


def _is_short(text: str) -> bool:
    return len(text) <= TITLE_CHARACTERS


def _page(url: str) -> str:
    """`url` if a browser can open it from a notification and there is room for it, else ""."""
    found = absolute(url)
    return found if found.startswith(("https://", "http://")) and len(found.encode()) <= URL_BYTES else ""


def _links(event: EventView) -> list[Json]:
    """The event's actions, those that can be opened, as many as browsers show and there is room for."""
    links: list[Json] = []
    for action in event.actions:
        link = {"title": one_line(action["label"]), "url": _page(action["url"])}
        fits = len(encode([*links, link])) <= LINKS_BYTES
        if link["url"] and fits and len(links) < MOST_LINKS:
            links.append(link)
    return links
