"""What happened while deliveries were put off: what was read in the inbox, and what is over that nobody heard of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, Subquery

from tocsin import clock
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State
from tocsin.events.groups import later, resolutions
from tocsin.events.states import Status

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from tocsin.deliveries.claim import Claimed
    from tocsin.events.models import Event


class Meanwhile(NamedTuple):
    """What need not be told any more."""

    read: set[tuple[uuid.UUID, Any]]
    """(event, user key) of what they have read."""
    over: set[int]
    """Deliveries of what was resolved before they heard of it, and of its resolution."""


def meanwhile_of(rows: Sequence[Claimed], events: Mapping[uuid.UUID, Event]) -> Meanwhile:
    """Look once for all rows that were put off; without any, not at all."""
    if not rows:
        return Meanwhile(set(), set())
    keys = {row.event_id for row in rows}
    people = {row.user_id for row in rows if row.user_id is not None}
    items = apps.get_model("tocsin", "InboxItem").objects
    read = items.filter(event__in=keys, user__among=people, read_at__isnull=False)
    return Meanwhile(set(read.values_list("event", "user")), _over(rows, events))


def _over(rows: Sequence[Claimed], events: Mapping[uuid.UUID, Event]) -> set[int]:
    """What was resolved since; and the resolution itself, where the last they heard was not that it is open."""
    grouped = [row.id for row in rows if (event := events.get(row.event_id)) is not None and event.group_key]
    if not grouped:
        return set()
    # The index of events has both.
    of_group = {f"event__{name}": OuterRef(name) for name in ("organization", "group_key")}
    told = Delivery.objects.filter(
        **of_group, channel=OuterRef("channel"), identity=OuterRef("identity"), state=State.SENT
    ).exclude(event__group_key="")
    heard = Subquery(told.order_by("-finished_at", "-event").values("event__status")[:1])
    ends = Q(event__status=Status.RESOLVED) & (Q(heard__isnull=True) | Q(heard=Status.RESOLVED))
    put_off = Delivery.objects.filter(pk__in=grouped).annotate(heard=heard)
    resolved = resolutions(later("event__"), clock.now())
    return set(put_off.filter(Exists(resolved) | ends).values_list("pk", flat=True))
