"""Messages and feeds for the tests of the e-mail channel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tocsin import compat
from tocsin.channels.base import EventView, Message, Recipient, Target
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EVENT: dict[str, Any] = {
    "id": "0192f0c4-1111-7000-8000-000000000001",
    "type": "invoice:paid",
    "type_label": "Invoice paid",
    "level": Level.INFO,
    "title": "Invoice 42 is paid",
    "body": "**1 200 €**, see the [invoice](https://x.example/42)",
    "data": {},
    "url": "https://x.example/42",
    "actions": ({"label": "Open", "url": "https://x.example/open"},),
    "actor": "",
    "about": "",
    "group_key": "",
    "status": "open",
    "organization": "acme",
    "project": "",
    "created_at": datetime(2026, 1, 1, tzinfo=UTC),
}


def event(**changes: Any) -> EventView:
    return EventView(**(EVENT | changes))


def message(address: str = "ana@example.net", *, number: int = 1, name: str = "", **changes: Any) -> Message:
    """A message to `address`; changes are those of `Message`, or of its event."""
    own = {
        key: changes.pop(key)
        for key in ("key", "thread", "action", "locale", "events", "attempt")
        if key in changes
    }
    return Message(
        **{
            "delivery_id": number,
            "attempt": 1,
            "key": f"key-{number}",
            "events": (event(**changes),),
            "target": Target(address, "", {"email_address": address}),
            "locale": "en",
            "recipient": Recipient(1, name, address) if name else None,
            **own,
        }
    )


def messages(count: int, **changes: Any) -> list[Message]:
    return [message(f"u{number}@example.net", number=number, **changes) for number in range(1, count + 1)]


class MailFeed:
    """Gives `first`, then `later` in the pieces that the channel asks for."""

    def __init__(self, first: Iterable[Message], later: Iterable[Message] = ()) -> None:
        self.first = list(first)
        self.later = list(later)
        self.asked: list[int] = []
        self.asked_in_vain = 0

    def __iter__(self) -> Iterator[Message]:
        return iter(self.first)

    def more(self, free: int) -> list[Message]:
        self.asked.append(free)
        self.asked_in_vain += not self.later
        given, self.later = self.later[:free], self.later[free:]
        return given


SMTP = "django.core.mail.backends.smtp.EmailBackend"


def as_backend(path: str, **options: Any) -> dict[str, Any]:
    """Django's settings for the mail backend at `path`; SMTP takes host, port, timeout, username, …"""
    if compat.HAS_MAILERS:
        return {"MAILERS": {"default": {"BACKEND": path, "OPTIONS": options}}}
    names = {"username": "HOST_USER", "password": "HOST_PASSWORD"}
    return {"EMAIL_BACKEND": path} | {
        f"EMAIL_{names.get(name, name.upper())}": value for name, value in options.items()
    }


def use_backend(settings: Any, path: str, **options: Any) -> None:
    """Let the project send through the mail backend at `path`."""
    for name, value in as_backend(path, **options).items():
        setattr(settings, name, value)
