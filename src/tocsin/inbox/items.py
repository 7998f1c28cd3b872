"""What a reader is shown of one inbox row: plain values, with the body as sanitised HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.channels.text import safe_url, to_html
from tocsin.deliveries.wording.items import told
from tocsin.events import types
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tocsin.channels.base import EventView
    from tocsin.inbox.models import InboxItem


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of an inbox. `html` is sanitised; `title` and the labels are plain text; URLs are safe to link."""

    id: str
    event_id: str
    channel: str
    type: str
    type_label: str
    level: Level
    title: str
    html: str
    url: str
    actions: tuple[dict[str, str], ...]
    actor: str
    created_at: datetime
    seen_at: datetime | None
    read_at: datetime | None
    dismissed_at: datetime | None
    expires_at: datetime | None
    snoozed_until: datetime | None

    def as_json(self) -> dict[str, Any]:
        """The item as `GET /inbox` lists it."""
        return {
            "id": self.id,
            "event": self.event_id,
            "channel": self.channel,
            "type": self.type,
            "type_label": self.type_label,
            "level": self.level.slug,
            "title": self.title,
            "html": self.html,
            "url": self.url or None,
            "actions": list(self.actions),
            "actor": self.actor or None,
            "created_at": self.created_at.isoformat(),
            "seen_at": _iso(self.seen_at),
            "read_at": _iso(self.read_at),
            "dismissed_at": _iso(self.dismissed_at),
            "expires_at": _iso(self.expires_at),
            "snoozed_until": _iso(self.snoozed_until),
        }


@dataclass(frozen=True, slots=True)
class Page:
    """Items, and the cursor of the page that follows ("" on the last one)."""

    items: list[Item]
    next: str


def items_of(rows: Sequence[InboxItem]) -> list[Item]:
    """The items of rows whose events are loaded, in the words of their templates."""
    worded = told(rows)
    return [_made_of(row, worded.get(row.pk)) for row in rows]


def _made_of(row: InboxItem, worded: EventView | None) -> Item:
    event = row.event
    title, body = (worded.title, worded.body) if worded else (event.title, event.body)
    return Item(
        id=f"i{row.pk}",
        event_id=str(event.pk),
        channel=row.channel,
        type=event.type,
        type_label=str(types.find(event.type).label),
        level=Level(event.level),
        title=title,
        html=to_html(body) if body else "",
        url=safe_url(event.url),
        actions=tuple(_actions(event.actions)),
        actor=event.actor,
        created_at=row.created_at,
        seen_at=row.seen_at,
        read_at=row.read_at,
        dismissed_at=row.dismissed_at,
        expires_at=event.expires_at,
        snoozed_until=row.snoozed_until,
    )


def _actions(stored: Any) -> list[dict[str, str]]:
    """Label and safe address of each action; one whose address may not be linked to is left out."""
    found = [(str(action.get("label", "")), safe_url(str(action.get("url", "")))) for action in stored]
    return [{"label": label, "url": url} for label, url in found if url]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
