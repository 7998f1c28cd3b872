"""Which message of the far side a further event of the same group belongs to, and that it comes after the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max, Min

from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import ON_THE_WAY
from tocsin.events.models import Event
from tocsin.events.states import Status

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from tocsin.channels.base import Channel
    from tocsin.deliveries.claim import Claimed

ACTIONS: dict[str, str] = {Status.ACKNOWLEDGED: "acknowledge", Status.RESOLVED: "resolve"}

Group = tuple[int, str, str]
"""Organization, group key, identity."""


def action_of(status: str, thread: str) -> str:
    """What a message does to its group at the far side: what its status says, else an update of its thread."""
    return ACTIONS.get(status) or ("update" if thread else "open")


def threads_of(
    channel: Channel, claimed: Iterable[Claimed], events: Mapping[uuid.UUID, Event]
) -> dict[Group, str]:
    """The provider's id of the latest message to each group; none where that one said that it is over.

    Empty for channels that neither update nor thread.
    """
    wanted = _groups(channel, claimed, events)
    if not wanted:
        return {}
    # A message of several events is not changed for one of them.
    earlier = _of(channel, wanted).filter(provider_id__gt="", merged_into__isnull=True)
    last = earlier.order_by().values("organization", "group_key", "identity").annotate(last=Max("pk"))
    rows = Delivery.objects.filter(pk__in=[row["last"] for row in last])
    resolved = set(
        Event.objects.filter(pk__in=[row.event_id for row in rows], status=Status.RESOLVED).values_list(
            "pk", flat=True
        )
    )
    return {
        (row.organization_id, row.group_key, row.identity): row.provider_id
        for row in rows
        if row.event_id not in resolved
    }


def firsts_of(
    channel: Channel, claimed: Iterable[Claimed], events: Mapping[uuid.UUID, Event]
) -> dict[Group, tuple[int, datetime]]:
    """The key and due date of the first delivery of each group that is still on its way.

    Whatever is claimed meanwhile, by whomever, comes after it: an incident must not be closed before it was opened.
    """
    wanted = _groups(channel, claimed, events)
    if not wanted:
        return {}
    unfinished = _of(channel, wanted).filter(state__in=ON_THE_WAY)
    first = unfinished.order_by().values("organization", "group_key", "identity").annotate(first=Min("pk"))
    rows = Delivery.objects.filter(pk__in=[row["first"] for row in first])
    return {
        (row.organization_id, row.group_key, row.identity): (row.pk, row.due_at)
        for row in rows.only("organization", "group_key", "identity", "due_at")
    }


def _groups(channel: Channel, claimed: Iterable[Claimed], events: Mapping[uuid.UUID, Event]) -> set[Group]:
    """Of channels that follow groups."""
    if not (channel.abilities.updates or channel.abilities.threads):
        return set()
    return {
        (row.organization_id, event.group_key, row.identity)
        for row in claimed
        if (event := events.get(row.event_id)) is not None and event.group_key
    }


def _of(channel: Channel, wanted: set[Group]) -> QuerySet[Delivery]:
    organizations, group_keys, identities = zip(*wanted, strict=True)
    found: QuerySet[Delivery] = Delivery.objects.filter(
        channel=channel.slug,
        organization__in=set(organizations),
        group_key__among=list(set(group_keys)),
        group_key__gt="",
        identity__among=list(set(identities)),
    )
    return found
