"""The mode `dispatch`: an event starts workflows of the repository (`repository_dispatch`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.channels.base import Cause, Message, Outcome, Rejected, Sent
from tocsin.channels.event_json import event_json
from tocsin.channels.github.answers import strange
from tocsin.channels.github.asking import Access, Asking, ask, size_of
from tocsin.channels.shorten import shortened

if TYPE_CHECKING:
    from tocsin.channels.chat.pages import Pages

LONGEST_TYPE = 100
LIMIT = 64_000
"""Bytes of `client_payload`: GitHub takes less than 64 KB, and does not say how it counts."""

Json = dict[str, Any]


def tell(message: Message, access: Access, pages: Pages) -> Asking[Outcome]:
    """Dispatch a message. GitHub answers 204, names nothing, and does not say whether a workflow listens."""
    body = document(message)
    if size_of(body["client_payload"]) > LIMIT:
        return Rejected(
            Cause.TOO_LARGE, f"The event is over {LIMIT} bytes even without its data and its text."
        )
    response = yield from ask(access, "POST", "dispatches", body)
    return Sent() if response.status == 204 else strange(response)


def document(message: Message) -> Json:
    """What is posted: the event as the HTTP API writes it, and what is to be done."""
    event_type = message.target.settings.get("event_type") or message.event.type
    return {"event_type": event_type[:LONGEST_TYPE], "client_payload": _payload(message)}


def _payload(message: Message) -> Json:
    """At most ten properties. What is too large loses its further events, then its data, then its text's end."""
    event = event_json(message.event)
    made: Json = {
        "action": message.action,
        "key": message.key,
        "delivery": f"d{message.delivery_id}",
        "event": event,
        "shortened": [],
    }
    if len(message.events) > 1:
        made["events"] = [event_json(one) for one in message.events]
        _without(made, made, "events")
    _without(made, event, "data")
    if (over := size_of(made) - LIMIT) > 0:
        made["shortened"].append("body")
        room = size_of(event["body"]) - over - len(b',"body"')
        event["body"] = shortened(event["body"], lambda text: size_of(text) <= room) if room > 0 else "…"
    return made


def _without(made: Json, holder: Json, name: str) -> None:
    if size_of(made) > LIMIT:
        holder[name] = type(holder[name])()
        made["shortened"].append(name)
