"""The body of a webhook: one JSON document in the shape of Standard Webhooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.channels.event_json import event_json

if TYPE_CHECKING:
    from tocsin.channels.base import EventView, Message

MAX_BODY_BYTES = 1_048_576
"""Larger ones are not sent: few receivers take them."""
_KEPT = 64
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class TooLargeError(ValueError):
    """The lead event alone is over the limit."""


def document(message: Message) -> dict[str, Any]:
    """What is sent for `message`: the lead event, and all of them where the message speaks of several."""
    data = event_json(message.event) | {"delivery": f"d{message.delivery_id}", "action": message.action}
    if len(message.events) > 1:
        data["events"] = [event_json(event) for event in message.events]
    return {"type": message.event.type, "timestamp": message.event.created_at.isoformat(), "data": data}


def encode(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return _encode(value).encode()


class Bodies:
    """Makes the bodies of one batch; an event that goes to many destinations is written as JSON once."""

    def __init__(self, limit: int = MAX_BODY_BYTES) -> None:
        self._limit = limit
        self._kept: dict[int, tuple[EventView, bytes, bytes]] = {}

    def of(self, message: Message) -> bytes:
        """The body, the same in every attempt. Raises `TooLargeError`."""
        lead, _ = self._written(message.event)
        own = b',"delivery":"d%d","action":%b' % (message.delivery_id, encode(message.action))
        size = len(lead) + len(own) + 2
        if size > self._limit:
            raise TooLargeError(f"{size} bytes; at most {self._limit} are sent")
        if len(message.events) == 1:
            return b"%b%b}}" % (lead, own)
        return b"%b%b%b}}" % (lead, own, self._events(message, self._limit - size))

    def _events(self, message: Message, room: int) -> bytes:
        """The `events` member, as many of the oldest as there is room for, and how many were left out."""
        written: list[bytes] = []
        room -= len(b',"events":[],"events_omitted":000000000')
        for event in message.events:
            text = self._written(event)[1]
            room -= len(text) + 1
            if room < 0:
                break
            written.append(text)
        omitted = len(message.events) - len(written)
        note = b',"events_omitted":%d' % omitted if omitted else b""
        return b',"events":[%b]%b' % (b",".join(written), note)

    def _written(self, event: EventView) -> tuple[bytes, bytes]:
        """The event as the open beginning of a document, and alone."""
        # Keyed by identity: the kept reference keeps the id from being used again.
        if found := self._kept.get(id(event)):
            return found[1:]
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        alone = encode(event_json(event))
        head = encode({"type": event.type, "timestamp": event.created_at.isoformat()})
        lead = b'%b,"data":%b' % (head[:-1], alone[:-1])
        self._kept[id(event)] = (event, lead, alone)
        return lead, alone
