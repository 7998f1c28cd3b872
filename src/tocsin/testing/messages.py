"""Messages as a channel is given them, for tests."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tocsin.channels.base import EventView, Message, Target
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVENT: dict[str, Any] = {
    "id": "0192f0c4-1111-7000-8000-000000000001",
    "type": "invoice:paid",
    "type_label": "Invoice paid",
    "level": Level.INFO,
    "title": "Invoice 42 is paid",
    "body": "**1 200 €**, see the [invoice](https://shop.example/invoices/42).",
    "data": {"invoice": 42},
    "url": "https://shop.example/invoices/42",
    "actions": ({"label": "Open", "url": "https://shop.example/invoices/42"},),
    "actor": "user:7",
    "about": "shop.invoice/42",
    "group_key": "",
    "status": "open",
    "organization": "acme",
    "project": "",
    "created_at": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
}
_OF_MESSAGE = {field.name for field in fields(Message)}


def make_message(settings: Mapping[str, Any] | None = None, **overrides: Any) -> Message:
    """A message for a destination with these settings.

    Overrides are fields of `Message` or, for its one event, of `EventView`:
    `make_message({"url": …}, title="Down", attempt=2)`. Raises TypeError for a name that neither has.
    """
    event = {name: overrides.pop(name) for name in tuple(overrides) if name not in _OF_MESSAGE}
    number = overrides.setdefault("delivery_id", 1)
    made: dict[str, Any] = {
        "attempt": 1,
        "key": f"{_EVENT['id']}-{number}",
        "events": (EventView(**(_EVENT | event)),),
        "target": Target("identity", "A destination", dict(settings or {})),
        "recipient": None,
        "locale": "en",
    }
    return Message(**(made | overrides))
