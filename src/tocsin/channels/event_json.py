"""One event as JSON: what the HTTP API takes, and its id. For webhooks, and for code that is called with events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.channels.base import EventView


def event_json(event: EventView) -> dict[str, Any]:
    """One event as the HTTP API writes it, plus its id."""
    return {
        "id": event.id,
        "type": event.type,
        "level": event.level.slug,
        "title": event.title,
        "body": event.body,
        "data": dict(event.data),
        "url": event.url or None,
        "actions": [dict(action) for action in event.actions],
        "actor": event.actor or None,
        "about": event.about or None,
        "group_key": event.group_key or None,
        "status": event.status,
        "organization": event.organization,
        "project": event.project or None,
        "created_at": event.created_at.isoformat(),
        "expires_at": event.expires_at and event.expires_at.isoformat(),
    }
