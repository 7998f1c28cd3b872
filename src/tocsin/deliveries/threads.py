"""Which message of the far side a further event of the same group belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max

from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.events.states import Status

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping

    from tocsin.channels.base import Channel
    from tocsin.deliveries.claim import Claimed

ACTIONS = {Status.ACKNOWLEDGED: "acknowledge", Status.RESOLVED: "resolve"}

Group = tuple[int, str, str]
"""Organization, group key, identity."""


def action_of(status: str, thread: str) -> str:
    """What a message does to its group at the far side: what its status says, else an update of its thread."""
    return ACTIONS.get(Status(status)) or ("update" if thread else "open")


def threads_of(
    channel: Channel, claimed: Iterable[Claimed], events: Mapping[uuid.UUID, Event]
) -> dict[Group, str]:
    """The provider's id of the latest message to each group; none where that one said that it is over.

    Empty for channels that neither update nor thread.
    """
    if not (channel.abilities.updates or channel.abilities.threads):
        return {}
    wanted = {
        (row.organization_id, event.group_key, row.identity)
        for row in claimed
        if (event := events.get(row.event_id)) is not None and event.group_key
    }
    if not wanted:
        return {}
    organizations, group_keys, identities = zip(*wanted, strict=True)
    earlier = Delivery.objects.filter(
        channel=channel.slug,
        organization__in=set(organizations),
        group_key__among=list(set(group_keys)),
        identity__among=list(set(identities)),
        provider_id__gt="",
        merged_into__isnull=True,  # a message of several events is not changed for one of them
    )
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
