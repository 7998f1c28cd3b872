"""Which events a reader needs to be told of no more, for what still shows them: the notifications of a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, Q

from tocsin import clock
from tocsin.deliveries.models import Delivery
from tocsin.events.groups import later, resolutions
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem, awake

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID


def over(user: Any, events: Collection[UUID]) -> set[UUID]:
    """Those of `events` that the reader has read, put away or put off, and those that were resolved or expired since.

    Of events that the reader was never told of nothing is said: they are left out, like those that are not there.
    """
    key, now = getattr(user, "pk", user), clock.now()
    items = InboxItem.objects.filter(user=key, event__in=events)
    done = set(items.filter(Q(read_at__isnull=False) | ~awake(now)).values_list("event", flat=True))
    told = set(items.values_list("event", flat=True))
    told |= set(Delivery.objects.filter(user=key, event__in=events).values_list("event", flat=True))
    return done | _ended(told - done, now)


def _ended(events: Collection[UUID], now: datetime) -> set[UUID]:
    """Those that have expired, and those whose group a later event has resolved; that event stays, for it is news."""
    ended = Q(expires_at__lte=now) | Exists(resolutions(later(), now))
    return set(Event.objects.filter(ended, pk__in=events).values_list("pk", flat=True))
