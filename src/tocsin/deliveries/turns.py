"""Whose turn it is within a group: events go one after the other, in the order in which they happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Case, Q, Value, When, Window
from django.db.models.functions import RowNumber

from tocsin.deliveries.judge import Verdict
from tocsin.deliveries.states import ON_THE_WAY, Reason, State
from tocsin.deliveries.threads import COLUMNS, Group, grouped_of, within
from tocsin.events.states import Status

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from tocsin.channels.base import Channel
    from tocsin.deliveries.claim import Claimed
    from tocsin.events.models import Event

SOON, LATE = timedelta(seconds=1), timedelta(minutes=1)
"""How soon, and how late, to look again whether an earlier one of the group has gone."""
PATIENCE = timedelta(minutes=5)
"""What failed for so long, and rests for longer than `LATE`, holds up no news: they pass it."""


class Ahead(NamedTuple):
    """The first of a group that is on its way."""

    pk: int
    due_at: datetime


@dataclass(slots=True)
class Turns:
    """Who is on the way in the groups of one claim."""

    now: datetime
    grouped: dict[int, Group] = field(default_factory=dict)
    first: dict[Group, Ahead] = field(default_factory=dict)
    going: dict[Group, Ahead] = field(default_factory=dict)
    """The first that is not held up by failures."""
    passing: set[Group] = field(default_factory=set)
    """Groups of which another worker sends something that passed one in this claim."""
    behind: Counter[Group] = field(default_factory=Counter)
    """How many of this claim wait for the first of their group."""

    def is_next(self, row: Claimed) -> bool:
        """Whether it need not wait for an earlier one."""
        ahead = self.going.get(self.grouped[row.id])
        return ahead is None or ahead.pk == row.id

    def wait_of(self, row: Claimed, event: Event, *, was_told: bool, along: frozenset[int]) -> Verdict | None:
        """Wait where an earlier one goes first; one behind the other, not all until the same moment.

        `was_told` says whether the far side has heard of the group: what ends it passes nothing before that, or it
        would be closed before it was opened. `along` are those that go in one message with this one.
        """
        group = self.grouped.get(row.id)
        if group is None:
            return None
        may_pass = was_told or event.status != Status.RESOLVED
        ahead = (self.going if may_pass else self.first).get(group)
        if ahead is None or ahead.pk == row.id or ahead.pk in along:
            is_passed = group in self.passing and _may_be_passed(row)
            # Sooner than what waits for this one meanwhile, or they would meet again and again.
            return _wait(row, self.now + SOON / 2) if is_passed else None
        self.behind[group] += 1
        soonest = max(ahead.due_at, self.now + SOON) + SOON * (self.behind[group] - 1)
        return _wait(row, min(soonest, self.now + LATE))


def turns_of(
    channel: Channel, claimed: Sequence[Claimed], events: Mapping[uuid.UUID, Event], now: datetime
) -> Turns:
    """Look once for all; nothing for channels that neither update nor thread, and for events without a group."""
    turns = Turns(now, grouped_of(channel, claimed, events))
    if not turns.grouped:
        return turns
    unfinished = within(channel, set(turns.grouped.values())).filter(state__in=ON_THE_WAY)
    held_up = Q(
        state=State.RETRYING, reason=Reason.RETRY, created_at__lt=now - PATIENCE, due_at__gt=now + LATE
    )
    place = Window(RowNumber(), partition_by=[*COLUMNS, "held_up"], order_by=["event__due_at", "event", "pk"])
    rows = unfinished.annotate(held_up=Case(When(held_up, Value(1)), default=Value(0)), place=place)
    order = ("event__due_at", "event", "pk")
    for *group, is_held_up, due_at, _happened, _event, pk in sorted(
        rows.filter(place=1).values_list(*COLUMNS, "held_up", "due_at", *order), key=lambda row: row[-3:]
    ):
        of, ahead = tuple(group), Ahead(pk, due_at)
        turns.first.setdefault(of, ahead)
        if not is_held_up:
            turns.going[of] = ahead
    if old := {turns.grouped[row.id] for row in claimed if row.id in turns.grouped and _may_be_passed(row)}:
        others = within(channel, old).filter(state=State.SENDING).exclude(pk__in=[row.id for row in claimed])
        turns.passing = set(others.values_list(*COLUMNS))
    return turns


def _may_be_passed(row: Claimed) -> bool:
    return row.attempt > 1 and row.age > PATIENCE.total_seconds()


def _wait(row: Claimed, until: datetime) -> Verdict:
    return Verdict(State.RETRYING if row.attempt > 1 else State.PENDING, Reason.GROUP_FIRST, until)
