"""Events of one group, as they followed one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import OuterRef, Q

from tocsin.events.models import Event
from tocsin.events.states import EventState, Status

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def later(event: str = "") -> QuerySet[Event]:
    """The events that happened after the outer row's own, in its group. What was given a date happens then.

    The outer row has `organization` and `group_key`; where it is no event, `event` leads to its own: "event__".
    """
    alike = {name: OuterRef(name) for name in ("organization", "group_key")}
    due_at, key = OuterRef(f"{event}due_at"), OuterRef(f"{event}pk")
    after = Q(due_at__gt=due_at) | Q(due_at=due_at, pk__gt=key)
    found: QuerySet[Event] = Event.objects.filter(after, **alike).exclude(group_key="")
    return found


def resolutions(events: QuerySet[Event], now: datetime) -> QuerySet[Event]:
    """Those that say it is over: one whose date is yet to come, or that was cancelled, does not."""
    return events.filter(status=Status.RESOLVED, due_at__lte=now).exclude(state=EventState.CANCELLED)
