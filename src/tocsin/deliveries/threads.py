"""What the far side has heard of a group: the message that an event belongs to, and what it was told since."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Exists, OuterRef, Q, Subquery

from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import Reason, State
from tocsin.events.groups import later
from tocsin.events.states import Status

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from tocsin.channels.base import Channel
    from tocsin.deliveries.claim import Claimed
    from tocsin.events.models import Event

ACTIONS: dict[str, str] = {Status.ACKNOWLEDGED: "acknowledge", Status.RESOLVED: "resolve"}

Group = tuple[int, str, str]
"""Organization, group key, identity."""
COLUMNS = ("organization", "group_key", "identity")


class Heard(NamedTuple):
    """What was told before, as far as it concerns the deliveries of one claim."""

    threads: dict[Group, str]
    """The provider's id of the last message to each group; none where that one said that it is over."""
    since: dict[int, str]
    """By delivery, the status of the latest of its group that happened after it, and was told or tried already."""


def action_of(status: str, thread: str) -> str:
    """What a message does to its group at the far side: what its status says, else an update of its thread."""
    return ACTIONS.get(status) or ("update" if thread else "open")


def heard_of(channel: Channel, grouped: Mapping[int, Group], going: Iterable[int]) -> Heard:
    """Look once for all; `going` are those whose turn it is: of others nobody asks what was told since."""
    if not grouped:
        return Heard({}, {})
    return Heard(_threads(channel, grouped), _since(channel, list(going)))


def grouped_of(
    channel: Channel, claimed: Iterable[Claimed], events: Mapping[uuid.UUID, Event]
) -> dict[int, Group]:
    """The groups of deliveries, by their keys, on channels that follow groups."""
    if not (channel.abilities.updates or channel.abilities.threads):
        return {}
    return {
        row.id: (row.organization_id, event.group_key, row.identity)
        for row in claimed
        if (event := events.get(row.event_id)) is not None and event.group_key
    }


def within(channel: Channel, wanted: Iterable[Group]) -> QuerySet[Delivery]:
    """The deliveries of these groups, and of some that share a part of their names."""
    organizations, group_keys, identities = zip(*wanted, strict=True)
    found: QuerySet[Delivery] = Delivery.objects.filter(
        channel=channel.slug,
        organization__in=set(organizations),
        group_key__among=list(set(group_keys)),
        group_key__gt="",
        identity__among=list(set(identities)),
    )
    return found


def _threads(channel: Channel, grouped: Mapping[int, Group]) -> dict[Group, str]:
    one_of_each = {group: pk for pk, group in grouped.items()}
    alike = {name: OuterRef(name) for name in COLUMNS}
    told = Delivery.objects.filter(
        **alike, channel=channel.slug, state=State.SENT, provider_id__gt="", group_key__gt=""
    )
    if not channel.abilities.closes:
        # It may speak of several groups, and is not changed for one of them.
        told = told.filter(merged_into__isnull=True)
    last = Subquery(told.order_by("-finished_at", "-event").values("pk")[:1])
    rows = Delivery.objects.filter(pk__among=list(one_of_each.values())).annotate(last=last)
    groups = {last: grouped[pk] for pk, last in rows.values_list("pk", "last") if last is not None}
    if not groups:
        return {}
    going_on = Delivery.objects.filter(pk__among=list(groups)).exclude(event__status=Status.RESOLVED)
    names = dict(going_on.values_list("pk", "provider_id"))
    over = _found_closed(channel, list(names)) if channel.abilities.closes else set()
    return {groups[pk]: name for pk, name in names.items() if pk not in over}


def _found_closed(channel: Channel, pks: list[int]) -> set[int]:
    """Those after which a resolution found nothing open: somebody had closed it by hand."""
    if not pks:
        return set()
    moot = _on(channel).filter(reason=Reason.NOTHING_OPEN)
    ended = Exists(later("event__").filter(Exists(moot), status=Status.RESOLVED))
    return set(Delivery.objects.filter(ended, pk__in=pks).values_list("pk", flat=True))


def _since(channel: Channel, pks: list[int]) -> dict[int, str]:
    if not pks:
        return {}
    # What was tried may have been heard, though no answer came.
    tried = Q(state=State.RETRYING) | Q(state=State.SENDING, attempt__gt=1)
    told = _on(channel).filter(Q(state=State.SENT) | Q(reason=Reason.NOTHING_OPEN) | tried)
    status = Subquery(later("event__").filter(Exists(told)).order_by("-due_at", "-pk").values("status")[:1])
    rows = Delivery.objects.filter(pk__among=pks).annotate(since=status).filter(since__isnull=False)
    return dict(rows.values_list("pk", "since"))


def _on(channel: Channel) -> QuerySet[Delivery]:
    """The deliveries of such an event to the same address."""
    found: QuerySet[Delivery] = Delivery.objects.filter(
        event=OuterRef("pk"), channel=channel.slug, identity=OuterRef(OuterRef("identity"))
    )
    return found
