"""Planning: an event that is due becomes deliveries, in sets, one transaction a chunk of people."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.db import transaction

from tocsin import clock, conf
from tocsin.channels import registry
from tocsin.deliveries import planned_rows
from tocsin.deliveries.claim import claim_events
from tocsin.deliveries.contributors import Contributor, contributors
from tocsin.deliveries.states import Reason
from tocsin.events import types
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.recipients import resolve, users

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger("tocsin.plan")

DEAD_AFTER = 3
"""Leases that ended without the event being planned, after which it is given up."""


class LeaseLost(Exception):
    """Another planner has this event, or it was cancelled: what this one was about to write is not wanted."""


def plan(count: int) -> tuple[int, set[str]]:
    """Plan up to `count` due events. Returns how many were taken, and the channels that have work now.

    Events whose recipients are all named one by one are planned together; if that fails, each alone.
    """
    events = claim_events(count)
    together = [event for event in events if event.plan_cursor is None and _is_literal(event)]
    touched: set[str] = set()
    try:
        with transaction.atomic():
            for event in together:
                touched |= _plan_chunk(event)[0]
        rest = [event for event in events if event not in together]
    except Exception as error:
        logger.info("planning %s events together failed (%r); each goes alone", len(together), error)
        touched, rest = set(), events
        for event in together:
            event.plan_cursor, event.trace = None, {}
    for event in rest:
        touched |= _plan_alone(event)
    return len(events), touched


def _is_literal(event: Event) -> bool:
    return all(contributor.is_literal for contributor in contributors(event))


def _plan_alone(event: Event) -> set[str]:
    touched: set[str] = set()
    try:
        done = False
        while not done:
            with transaction.atomic():
                channels, done = _plan_chunk(event)
            touched |= channels
    except LeaseLost:
        logger.info("event %s: planning was taken over, or the event was cancelled", event.pk)
    except Exception as error:
        # The lease stays: when it ends the event is planned again, and after DEAD_AFTER times it is dead.
        logger.exception("event %s could not be planned", event.pk)
        _held(event).update(detail=f"{type(error).__name__}: {error}"[:500])
    return touched


def _held(event: Event) -> QuerySet[Event]:
    """The event's row, as long as this planner has the right to change it."""
    held: QuerySet[Event] = Event.objects.filter(pk=event.pk, fence=event.fence, state=EventState.PLANNING)
    return held


def _plan_chunk(event: Event) -> tuple[set[str], bool]:
    """Plan the next chunk of people: (the channels that got rows, whether it was the last chunk)."""
    if not _held(event).select_for_update().exists():
        raise LeaseLost
    if ending := _unwanted(event):
        _finish(event, *ending)
        return set(), True
    todo = contributors(event)
    place = event.plan_cursor or {"contributor": 0, "after": None}
    touched: set[str] = set()
    for index in range(place["contributor"], len(todo)):
        after = place["after"] if index == place["contributor"] else None
        channels, after = _plan_contributor(event, todo[index], after)
        touched |= channels
        if after is not None:
            _move(event, {"contributor": index, "after": after})
            return touched, False
    _finish(event, EventState.PLANNED)
    return touched, True


def _unwanted(event: Event) -> tuple[EventState, Reason] | None:
    """Whether the event is over before it begins."""
    if event.expires_at is not None and event.expires_at <= clock.now():
        return EventState.EXPIRED, Reason.EVENT_EXPIRED
    if event.still_valid and not types.get_check(event.still_valid)(event):
        return EventState.EXPIRED, Reason.NO_LONGER_VALID
    return None


def _plan_contributor(
    event: Event, contributor: Contributor, after: str | None
) -> tuple[set[str], str | None]:
    """One chunk of one contributor: (channels, where to go on, or None at the end)."""
    touched: set[str] = set()
    if after is None:
        touched |= _plan_literal(event, contributor)
    if not contributor.people:
        return touched, None
    people, missing = resolve.people(contributor.people, event.organization_id)
    if after is None and missing:
        unknown = [str(term) for term in missing]
        planned_rows.not_planned(event, unknown, contributor.channels, contributor.layer)
    chunk, following = _chunk(people, after, whole=contributor.is_literal)
    mandatory = types.find(event.type).mandatory
    for slug in contributor.channels:
        channel = registry.channels().get(slug)
        if channel is None:
            planned_rows.not_planned(event, ["*"], (slug,), contributor.layer, Reason.CHANNEL_GONE)
            continue
        rows = planned_rows.to_people(event, channel, chunk, contributor.layer, mandatory=mandatory)
        _count(event, slug, rows)
        touched.add(slug)
    return touched, following


def _plan_literal(event: Event, contributor: Contributor) -> set[str]:
    touched = planned_rows.to_addresses(event, contributor.addresses, contributor.layer)
    numbers = [int(value) for value in contributor.named("destination")]
    if numbers:
        channels, missing = planned_rows.to_destinations(event, numbers, contributor.layer)
        touched |= channels
        planned_rows.not_planned(event, [f"destination:{pk}" for pk in missing], ("",), contributor.layer)
    return touched


def _chunk(people: QuerySet[Any], after: str | None, *, whole: bool) -> tuple[QuerySet[Any], str | None]:
    """The next people in the order of their keys, and the key that the chunk after them starts behind."""
    if after is not None:
        people = people.filter(pk__gt=users.key_or_none(after))
    if whole:
        return people, None
    size = conf.get("PLAN_CHUNK")
    last = list(people.order_by("pk").values_list("pk", flat=True)[size - 1 : size + 1])
    if len(last) < 2:
        return people, None
    return people.filter(pk__lte=last[0]), str(last[0])


def _count(event: Event, channel: str, rows: int) -> None:
    counts = event.trace.setdefault("rows", {})
    counts[channel] = counts.get(channel, 0) + rows


def _move(event: Event, cursor: dict[str, Any]) -> None:
    event.plan_cursor = cursor
    lease = clock.DatabaseNow(conf.get("LEASE_SECONDS"))
    _held(event).update(plan_cursor=cursor, trace=event.trace, lease_until=lease, claims=0)


def _finish(event: Event, state: EventState, reason: str = "") -> None:
    event.trace["contributors"] = [
        {"layer": one.layer, "to": [str(term) for term in one.terms], "channels": list(one.channels)}
        for one in contributors(event)
    ]
    _held(event).update(
        state=state, reason=reason, detail="", plan_cursor=None, lease_until=None, claims=0,
        planned_at=clock.now(), trace=event.trace,
    )  # fmt: skip


def reclaim_events() -> bool:
    """Take back events whose planner was lost: again to be planned, or dead. True if there is work."""
    lost = Event.objects.filter(state=EventState.PLANNING, lease_until__lt=clock.DatabaseNow())
    hopeless = lost.filter(claims__gte=DEAD_AFTER)
    hopeless.exclude(detail="").update(state=EventState.DEAD, reason=Reason.PLAN_FAILED, lease_until=None)
    hopeless.update(state=EventState.DEAD, reason=Reason.POISON, lease_until=None)
    return bool(lost.update(state=EventState.WAITING, lease_until=None))
