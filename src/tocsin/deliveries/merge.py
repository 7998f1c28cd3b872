"""Deliveries that were put off become one message: the oldest leads, and carries the others.

That is written before the act. What goes with a lead is `merged` until the lead ends, and ends as it did. A lead
names itself in `merged_into`, so that a claim sees at no cost that there is more to it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connections, router, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery

from tocsin import clock
from tocsin.deliveries.claim import Claimed, claim_also
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.prepare import unsubscribe_url
from tocsin.deliveries.states import Reason, State
from tocsin.deliveries.threads import action_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from tocsin.channels.base import Channel, Message

MOST = 200
"""Events in one message."""
MARK = ("id", "fence", "lead", "worded")
"""What is known of a row that is marked: all of them whole numbers."""
MOST_ALONG = 20
"""Rows that one claim takes along for each address it is at, on an average; what is over becomes another message."""


class Joined(NamedTuple):
    """What came of joining messages."""

    messages: list[Message]
    carried: set[int]
    """Deliveries that go with another one now, and are no longer in hand."""
    lost: set[int]
    """Deliveries whose lead was taken from us meanwhile."""


def gather(channel: str, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Claim what is to go with these: what leads carry, and what else was put off for the same addresses."""
    leads = [row.id for row in claimed if row.leads]
    if any(row.is_suspect for row in claimed):
        dissolve(leads)
        return []
    found = claim_also(channel, State.MERGED, "merged_into", leads, MOST * len(leads)) if leads else []
    waited = {row.identity for row in claimed if row.was_put_off}
    if waited:
        found += claim_also(
            channel, State.DEFERRED, "identity", sorted(waited), max(MOST, MOST_ALONG * len(waited))
        )
    return found


def join(channel: Channel, messages: Iterable[Message], rows: Mapping[int, Claimed]) -> Joined:
    """Make one message of those that were put off for one address. A lead's row is marked as one."""
    alike = defaultdict(list)
    for message in messages:
        row = rows[message.delivery_id]
        alike[_together(channel, message, row)].append(message)
    made = Joined([], set(), set())
    groups = []
    for group in alike.values():
        # What leads already keeps its key; the others stand as they happened.
        group.sort(key=lambda one: (not rows[one.delivery_id].leads, one.event.id, one.delivery_id))
        parts = [group[at : at + MOST] for at in range(0, len(group), MOST)]
        made.messages.extend(part[0] for part in parts if len(part) == 1)
        groups += [part for part in parts if len(part) > 1]
    held = _write(groups, rows) if groups else set()
    for part in groups:
        pks = {one.delivery_id for one in part}
        lead = part[0].delivery_id
        if lead not in held:
            made.lost.update(pks)
            continue
        rows[lead].merged_into = lead
        made.carried.update(pks & held - {lead})
        made.lost.update(pks - held)
        one = _one([one for one in part if one.delivery_id in held])
        url = unsubscribe_url(channel, rows[lead].user_id, {event.type for event in one.events})
        made.messages.append(replace(one, unsubscribe_url=url))
    made.messages.sort(key=lambda message: message.delivery_id)
    return made


def _together(channel: Channel, message: Message, row: Claimed) -> tuple[Any, ...]:
    """What is equal of all that become one message. One issue is about one thing: else nobody could close it."""
    if not (row.leads or row.was_put_off) or (channel.abilities.closes and not message.group):
        return (row.id,)
    return (*_address(row), message.group if channel.abilities.closes else "")


def _address(row: Claimed) -> tuple[Any, ...]:
    return (
        row.identity,
        row.organization_id,
        row.user_id,
        row.destination_id,
        row.destination_ref,
        row.locale,
    )


def _one(part: Sequence[Message]) -> Message:
    events = tuple(event for one in part for event in one.events)
    joined = replace(part[0], events=events)
    if not joined.group:
        return replace(joined, thread="", action="open")
    action = action_of(events[-1].status, joined.thread)
    return replace(joined, action=action, is_late=part[-1].is_late)


def _write(groups: Iterable[Sequence[Message]], rows: Mapping[int, Claimed]) -> set[int]:
    """Leads first: what a lead that is not ours any more would carry stays in hand. Returns what was written."""
    alias = router.db_for_write(Delivery)
    leads = [_mark_of(rows[part[0].delivery_id], part[0]) for part in groups]
    with transaction.atomic(using=alias):
        held = _mark(alias, leads, "merged_into = r.lead")
        mates = [
            _mark_of(rows[one.delivery_id], part[0])
            for part in groups
            for one in part[1:]
            if part[0].delivery_id in held
        ]
        put = (
            f"merged_into = r.lead, state = '{State.MERGED}', reason = '{Reason.MERGED}', lease_until = NULL, "
            "claims = 0, attempt = tocsin_delivery.attempt - 1, template_version = r.worded"
        )
        return held | _mark(alias, mates, put)


def _mark_of(row: Claimed, lead: Message) -> tuple[int | None, ...]:
    return row.id, row.fence, lead.delivery_id, row.template_version


def _mark(alias: str, rows: Sequence[tuple[int | None, ...]], assign: str) -> set[int]:
    connection = connections[alias]
    if connection.vendor == "postgresql":
        columns = ", ".join(f"(value->>{i})::bigint AS {name}" for i, name in enumerate(MARK))
        given = f"(SELECT {columns} FROM jsonb_array_elements(%s::jsonb))"  # noqa: S608
    else:
        columns = ", ".join(f"json_extract(value, '$[{i}]') AS {name}" for i, name in enumerate(MARK))
        given = f"(SELECT {columns} FROM json_each(%s))"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE tocsin_delivery SET {assign} FROM {given} AS r WHERE tocsin_delivery.id = r.id "  # noqa: S608
            f"AND tocsin_delivery.fence = r.fence AND tocsin_delivery.state = '{State.SENDING}' "
            "RETURNING tocsin_delivery.id",
            [json.dumps(rows)],
        )
        return {row[0] for row in cursor.fetchall()}


def settle(leads: Iterable[int]) -> None:
    """What goes with leads that have ended ends as they did, or is sent without those that were not to be sent."""
    leads = list(leads)
    if not leads:
        return
    lead = Delivery.objects.filter(pk=OuterRef("merged_into"))
    _mates(leads).filter(Exists(lead.filter(state__in=(State.SENT, State.DEAD)))).update(
        state=Subquery(lead.values("state")[:1]), finished_at=Subquery(lead.values("finished_at")[:1])
    )
    unwanted = lead.filter(state__in=(State.SKIPPED, State.CANCELLED, State.EXPIRED))
    _put_back(_mates(leads).filter(Exists(unwanted)))


def dissolve(leads: Iterable[int]) -> None:
    """What goes with these leads is due again, each for itself."""
    leads = list(leads)
    if leads:
        _put_back(_mates(leads))
        Delivery.objects.filter(pk__in=leads, merged_into=F("pk")).update(merged_into=None)


def revive(replayed: list[int]) -> None:
    """Dead deliveries that are replayed take along what went with them; what went with one that is not goes alone."""
    mates = Delivery.objects.filter(merged_into__in=replayed).exclude(merged_into=F("pk"))
    mates.filter(Q(state=State.DEAD) | Q(pk__in=replayed)).update(
        state=State.MERGED, reason=Reason.MERGED, finished_at=None
    )
    Delivery.objects.filter(pk__in=replayed, state=State.PENDING).exclude(merged_into=F("pk")).update(
        merged_into=None
    )


def _mates(leads: list[int]) -> QuerySet[Delivery]:
    mates: QuerySet[Delivery] = Delivery.objects.filter(merged_into__in=leads, state=State.MERGED)
    return mates


def _put_back(mates: QuerySet[Delivery]) -> None:
    mates.update(state=State.DEFERRED, due_at=clock.DatabaseNow(), merged_into=None)
