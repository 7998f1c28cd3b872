"""Planning: an event that is due becomes deliveries, in sets, one transaction a chunk of people."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, connections, router, transaction

from tocsin import clock, conf
from tocsin.channels import registry
from tocsin.deliveries import held, planned_rows
from tocsin.deliveries.claim import SOLO_AFTER, claim_events, one_suspect
from tocsin.deliveries.contributors import contributors, meet, people_of, trace_of
from tocsin.deliveries.few import Few
from tocsin.deliveries.limits import excess
from tocsin.deliveries.states import Reason
from tocsin.deliveries.validity import lapsed
from tocsin.deliveries.wave import Told, Wave, locales_of
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.recipients import users

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.models import QuerySet

    from tocsin.deliveries.contributors import Contributor

logger = logging.getLogger("tocsin.plan")

DEAD_AFTER = 3
"""Leases that ended without the event being planned, after which it is given up."""


class LeaseLost(Exception):
    """Another planner has this event, or it was cancelled: what this one was about to write is not wanted."""


def plan(count: int) -> tuple[int, set[str]]:
    """Plan up to `count` due events. Returns how many were taken, and the channels that have work now.

    Events that concern few are planned together; if that fails, each alone, as those are that concern many.
    """
    held.forgive()
    alone = one_suspect.acquire(blocking=False)
    try:
        events = claim_events(count, suspects=alone)
        if alone and not any(event.claims > SOLO_AFTER for event in events):
            one_suspect.release()
            alone = False
        return len(events), _plan_in_hand(events)
    finally:
        if alone:
            one_suspect.release()


def _plan_in_hand(events: list[Event]) -> set[str]:
    with held.in_hand(events):
        try:
            return _plan_all(events)
        except (OperationalError, InterfaceError):
            held.give_back(events)
            raise


def _plan_all(events: list[Event]) -> set[str]:
    try:
        meet(events)
    except Exception as error:  # a rule that is not understood here, for a newer release saved it
        if _is_away(error):
            raise
        logger.info(
            "the rules of %s events could not be asked together (%r); each goes alone", len(events), error
        )
        return set().union(*map(_plan_alone, events))
    left, many, touched = events, list[Event](), set[str]()
    try:
        while left:
            left, alone, channels = _plan_together(left)
            many += alone
            touched |= channels
    except Exception as error:
        if _is_away(error):
            raise
        logger.info("planning %s events together failed (%r); each goes alone", len(left), error)
        many += left
    return touched.union(*map(_plan_alone, many))


def _plan_alone(event: Event) -> set[str]:
    touched: set[str] = set()
    try:
        done = False
        while not done:
            channels, done = _plan_chunk(event)
            touched |= channels
    except LeaseLost:
        logger.info("event %s: planning was taken over, or the event was cancelled", event.pk)
    except Exception as error:
        if _is_away(error):
            raise
        # The lease stays: when it ends the event is planned again, and after DEAD_AFTER times it is dead.
        logger.exception("event %s could not be planned", event.pk)
        held.row_of(event).update(detail=f"{type(error).__name__}: {error}"[:500])
    return touched


def _is_away(error: Exception) -> bool:
    """Whether the database itself is gone: that is no event's fault. A statement timeout is."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    return not connections[router.db_for_write(Event)].is_usable()


@transaction.atomic
def _plan_together(events: list[Event]) -> tuple[list[Event], list[Event], set[str]]:
    """Plan events that concern few people: the same few statements, however many there are.

    Returns those for which there is no room in this transaction, those that concern many, and the channels that got
    rows. The events of both are left as they were.
    """
    begun = [event for event in events if event.plan_cursor is not None]
    fences = {event.pk: event.fence for event in events if event.plan_cursor is None}
    rows = held.locked(Event.objects.filter(pk__in=list(fences), state=EventState.PLANNING))
    kept = {pk for pk, fence in rows.values_list("pk", "fence") if fences[pk] == fence}
    ours = [event for event in events if event.pk in kept]
    few, locales = Few(ours), locales_of(event.organization_id for event in ours)
    later, many, done, room = list[Event](), list[Event](), list[list[Told]](), conf.get("PLAN_CHUNK")
    for event in ours:
        if room <= 0:
            later.append(event)
        elif ending := _unwanted(event):
            _end(event, *ending)
        elif (chain := few.told(event)) is None:
            many.append(event)
        else:
            done.append(chain)
            room -= sum(len(told.keys or ()) for told in chain)
    touched = set[str]()
    for step in _in_order(done):
        waves: dict[tuple[Any, ...], list[Told]] = defaultdict(list)
        for told in step:
            locale = locales[told.event.organization_id]
            waves[told.event.type, told.one.channels, told.one.hours is not None, locale].append(told)
        for (*_, locale), members in waves.items():
            touched |= _plan_wave(Wave(members, locale))
    _finish([chain[0].event for chain in done], EventState.PLANNED)
    return later, begun + many, touched


def _in_order(chains: Iterable[list[Told]]) -> Iterator[list[Told]]:
    """What may be planned at once: no contributor before those that come before it in any event.

    The rows of the first one are kept.
    """
    by_layer, order = defaultdict(list), TopologicalSorter[str]()
    for chain in chains:
        for before, told in zip([None, *chain], chain, strict=False):
            order.add(told.one.layer, *([before.one.layer] if before else []))
            by_layer[told.one.layer].append(told)
    order.prepare()
    while layers := order.get_ready():
        yield [told for layer in layers for told in by_layer[layer]]
        order.done(*layers)


def _plan_wave(wave: Wave) -> set[str]:
    """Plan those who are named, by name or as one of few."""
    touched = planned_rows.literal(wave)
    if not any(told.one.people for told in wave.told):
        return touched
    keys = set[Any]().union(*(told.keys or () for told in wave.told))
    return touched | _plan_people(wave, users.users().filter(pk__among=sorted(keys)))


def _plan_people(wave: Wave, people: QuerySet[Any]) -> set[str]:
    for slug in wave.channels:
        channel = registry.carriers().get(slug)
        if channel is None:
            planned_rows.channel_gone(wave, slug)
        else:
            planned_rows.to_people(wave, channel, people)
    return set(wave.channels) & set(registry.carriers())


@transaction.atomic
def _plan_chunk(event: Event) -> tuple[set[str], bool]:
    """Plan the next chunk of people of an event: (the channels that got rows, whether it was the last chunk)."""
    if not held.locked(held.row_of(event)).exists():
        raise LeaseLost
    if ending := _unwanted(event):
        _end(event, *ending)
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
    _finish([event], EventState.PLANNED)
    return touched, True


def plan_first_chunks(event: Event) -> bool:
    """Plan the first chunk of each audience of an event that is in hand: for simulation. True if there is more."""
    if ending := _unwanted(event):
        _end(event, *ending)
        return False
    more = [_plan_contributor(event, one, None)[1] is not None for one in contributors(event)]
    _finish([event], EventState.PLANNED)
    return any(more)


def _unwanted(event: Event) -> tuple[EventState, Reason] | None:
    """Whether the event is over before it begins."""
    if event.expires_at is not None and event.expires_at <= clock.now():
        return EventState.EXPIRED, Reason.EVENT_EXPIRED
    if event.still_valid and (said := lapsed(event)) is not None:
        event.detail = said
        return EventState.EXPIRED, Reason.NO_LONGER_VALID
    if event.plan_cursor is None and (said := excess(event)):
        event.detail = said
        return EventState.AWAITING_CONFIRMATION, Reason.TOO_MANY
    return None


def _plan_contributor(event: Event, one: Contributor, after: str | None) -> tuple[set[str], str | None]:
    """One chunk of one contributor: (channels, where to go on, or None at the end)."""
    people, missing = people_of(event, one)
    [locale] = locales_of([event.organization_id]).values()
    wave = Wave([Told(event, one, None, missing)], locale)
    touched = planned_rows.literal(wave) if after is None else set()
    if not one.people:
        return touched, None
    chunk, following = _chunk(people, after)
    return touched | _plan_people(wave, chunk), following


def _chunk(people: QuerySet[Any], after: str | None) -> tuple[QuerySet[Any], str | None]:
    """The next people in the order of their keys, and the key that the chunk after them starts behind."""
    if after is not None:
        people = people.filter(pk__gt=users.key_or_none(after))
    size = conf.get("PLAN_CHUNK")
    last = list(people.order_by("pk").values_list("pk", flat=True)[size - 1 : size + 1])
    if len(last) < 2:
        return people, None
    return people.filter(pk__lte=last[0]), str(last[0])


def _move(event: Event, cursor: dict[str, Any]) -> None:
    event.plan_cursor, event.trace = cursor, trace_of(event)
    lease = clock.DatabaseNow(conf.get("LEASE_SECONDS"))
    held.row_of(event).update(plan_cursor=cursor, trace=event.trace, lease_until=lease, claims=0)


def _end(event: Event, state: EventState, reason: Reason) -> None:
    """End an event before it begins, or let it wait: then everything is looked at again."""
    if state == EventState.AWAITING_CONFIRMATION:
        held.row_of(event).update(state=state, reason=reason, detail=event.detail, lease_until=None, claims=0)
    else:
        _finish([event], state, reason, event.detail)


def _finish(events: Iterable[Event], state: EventState, reason: str = "", detail: str = "") -> None:
    """End the planning of events; which layer told by which channels is kept for `explain`."""
    by_trace = defaultdict(list)
    for event in events:
        by_trace[json.dumps(trace_of(event))].append(event)
    for same in by_trace.values():
        held = Event.objects.filter(pk__in=[event.pk for event in same], state=EventState.PLANNING)
        held.update(
            state=state, reason=reason, detail=detail, plan_cursor=None, lease_until=None, claims=0,
            planned_at=clock.now(), trace=trace_of(same[0]),
        )  # fmt: skip


def reclaim_events() -> bool:
    """Take back events whose planner was lost: again to be planned, or dead. True if there is work."""
    alias = router.db_for_write(Event)
    skip = connections[alias].features.has_select_for_update_skip_locked
    with transaction.atomic(using=alias):
        over = Event.objects.select_for_update(skip_locked=skip).filter(
            state=EventState.PLANNING, lease_until__lt=clock.DatabaseNow()
        )
        lost = Event.objects.filter(pk__in=list(over.values_list("pk", flat=True)), state=EventState.PLANNING)
        hopeless = lost.filter(claims__gte=DEAD_AFTER)
        hopeless.exclude(detail="").update(state=EventState.DEAD, reason=Reason.PLAN_FAILED, lease_until=None)
        hopeless.update(state=EventState.DEAD, reason=Reason.POISON, lease_until=None)
        return bool(lost.update(state=EventState.WAITING, lease_until=None))
