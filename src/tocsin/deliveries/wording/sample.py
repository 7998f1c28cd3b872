"""An event to try a template on: the newest of its type, or one that might be."""

from __future__ import annotations

from typing import Any

from tocsin import clock
from tocsin.channels.base import EventView
from tocsin.deliveries.prepare import absolute, view_of
from tocsin.deliveries.wording.apply import values_of
from tocsin.events import types
from tocsin.events.models import Event
from tocsin.tenants.organizations import organization_slug

DATA = {"host": "db1", "amount": 1200, "count": 3, "names": ["ana", "ben"]}
LOOKED_AT = 2_000
"""Of an organization's newest events, where one of the type is looked for."""


def sample(event_type: str, organization: int) -> dict[str, Any]:
    """What a template knows of an event of this type in an organization (its key): plain values, and a time."""
    return values_of(sample_view(event_type, organization))


def sample_view(event_type: str, organization: int) -> EventView:
    """The newest event of this type among the organization's last ones, else one that might be."""
    return (
        view_of(found) if (found := _newest(event_type, organization)) else _likely(event_type, organization)
    )


def _newest(event_type: str, organization: int) -> Event | None:
    recent = Event.objects.filter(organization=organization).order_by("-pk")[:LOOKED_AT]
    rows = Event.objects.filter(pk__among=list(recent.values_list("pk", flat=True)), type=event_type)
    found: Event | None = rows.select_related("organization", "project").order_by("-pk").first()
    return found


def _likely(event_type: str, organization: int) -> EventView:
    kind = types.find(event_type)
    return EventView(
        id="00000000-0000-7000-8000-000000000000",
        type=event_type,
        type_label=str(kind.label),
        level=kind.level,
        title=f"{kind.label}: an example",
        body="What happened, with **emphasis** and a [link](https://example.org/).",
        data=DATA,
        url=absolute("/example"),
        actions=(),
        actor="user:1",
        about="example/42",
        group_key="example-42",
        status="open",
        organization=organization_slug(organization),
        project="",
        created_at=clock.now(),
    )
