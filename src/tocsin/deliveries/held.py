"""The events that planners of this process have in hand: leases are renewed, given back, and forgiven."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connections, router, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from tocsin import clock, conf
from tocsin.events.models import Event
from tocsin.events.states import EventState

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Sequence

    from django.db.models import QuerySet

logger = logging.getLogger("tocsin.plan")

_in_hand: dict[uuid.UUID, int] = {}
"""The events this process has claimed and not finished, with their fences."""
_owed: Counter[uuid.UUID] = Counter()
"""Events that were in hand when the database went away, and how often."""
_lock = threading.Lock()


@contextmanager
def in_hand(events: Sequence[Event]) -> Iterator[None]:
    """Have the leases of these renewed meanwhile."""
    with _lock:
        _in_hand.update({event.pk: event.fence for event in events})
    try:
        yield
    finally:
        with _lock:
            for event in events:
                _in_hand.pop(event.pk, None)


def row_of(event: Event) -> QuerySet[Event]:
    """The event's row, as long as this planner has the right to change it."""
    held: QuerySet[Event] = Event.objects.filter(pk=event.pk, fence=event.fence, state=EventState.PLANNING)
    return held


def locked(rows: QuerySet[Event]) -> QuerySet[Event]:
    """These rows, locked until the end of the transaction.

    Where rows cannot be locked, the transaction begins with a write: SQLite refuses the first write of one that has
    read before, if another one has written meanwhile, and it does so at once, whatever timeout is set.
    """
    if not connections[router.db_for_write(Event)].features.has_select_for_update:
        rows.update(fence=F("fence"))
    return rows.select_for_update()


def renew_leases() -> None:
    """Prolong the leases of the events in hand: those at the end of a batch may wait long for their turn.

    An event that is being planned at this moment is locked, and left to its planner.
    """
    with _lock:
        held = dict(_in_hand)
    if not held:
        return
    skip = connections[router.db_for_write(Event)].features.has_select_for_update_skip_locked
    with transaction.atomic(using=router.db_for_write(Event)):
        rows = Event.objects.select_for_update(skip_locked=skip).filter(
            pk__in=held, state=EventState.PLANNING
        )
        ours = [pk for pk, fence in rows.values_list("pk", "fence") if held[pk] == fence]
        lease = clock.DatabaseNow(conf.get("LEASE_SECONDS"))
        Event.objects.filter(pk__in=ours).update(lease_until=lease)


def give_back(events: Sequence[Event]) -> None:
    """An orderly return of what is not planned, if the database is there again; else the leases end."""
    connections[router.db_for_write(Event)].close()
    try:
        for event in events:
            row_of(event).update(state=EventState.WAITING, lease_until=None, claims=0)
    except (OperationalError, InterfaceError) as error:
        logger.info("%s events could not be given back (%s): their leases will end", len(events), error)
        with _lock:
            _owed.update(event.pk for event in events)


def forgive() -> None:
    """Not to count against an event a lease that ended because the database was away. Raises what that raises."""
    with _lock:
        owed = dict(_owed)
        _owed.clear()
    try:
        for times in set(owed.values()):
            keys = [pk for pk, number in owed.items() if number == times]
            rows = Event.objects.filter(pk__in=keys, state__in=(EventState.WAITING, EventState.PLANNING))
            rows.update(claims=Greatest(F("claims") - times, 0))
    except (OperationalError, InterfaceError):
        with _lock:
            _owed.update(owed)
        raise
