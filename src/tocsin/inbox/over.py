"""Which events a reader needs to be told of no more, for what still shows them: the notifications of a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from tocsin import clock
from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.events.states import Status
from tocsin.inbox.models import InboxItem, awake

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID


def over(user: Any, events: Collection[UUID]) -> set[UUID]:
    """Those of `events` that the reader has read, put away or put off, and those that were resolved since.

    Of events that the reader was never told of nothing is said: they are left out, like those that are not there.
    """
    key = getattr(user, "pk", user)
    items = InboxItem.objects.filter(user=key, event__in=events)
    done = set(items.filter(Q(read_at__isnull=False) | ~awake(clock.now())).values_list("event", flat=True))
    told = set(items.values_list("event", flat=True))
    told |= set(Delivery.objects.filter(user=key, event__in=events).values_list("event", flat=True))
    return done | _resolved(told - done)


def _resolved(events: Collection[UUID]) -> set[UUID]:
    """Those whose group a later event has resolved; the event that did stays, for it is news itself."""
    group = {name: OuterRef(name) for name in ("organization", "group_key")}
    later = Event.objects.filter(**group, pk__gt=OuterRef("pk"), status=Status.RESOLVED)
    grouped = Event.objects.filter(pk__in=events).exclude(group_key="")
    return set(grouped.filter(Exists(later)).values_list("pk", flat=True))
