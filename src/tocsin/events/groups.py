"""Events of one group, as they followed one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import OuterRef, Q

from tocsin.events.models import Event
from tocsin.events.states import EventState, Status

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def later(event: str = "pk", due_at: str = "due_at") -> QuerySet[Event]:
    """The events that happened after the outer row's own, in its group. What was given a date happens then.

    The outer row has `organization` and `group_key`; where it is no event, the arguments say how it names its own.
    """
    alike = {name: OuterRef(name) for name in ("organization", "group_key")}
    after = Q(due_at__gt=OuterRef(due_at)) | Q(due_at=OuterRef(due_at), pk__gt=OuterRef(event))
    found: QuerySet[Event] = Event.objects.filter(after, **alike).exclude(group_key="")
    return found


def resolutions(events: QuerySet[Event], now: datetime) -> QuerySet[Event]:
    """Those that say it is over: one whose date is yet to come, or that was cancelled, does not."""
    return events.filter(status=Status.RESOLVED, due_at__lte=now).exclude(state=EventState.CANCELLED)
