"""What the ledger pages show of an event: counts by state in a fixed order, and whether it can still be stopped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tocsin.channels import registry
from tocsin.deliveries import story
from tocsin.deliveries.states import UNSENT, Reason, State
from tocsin.events.states import EventState
from tocsin.levels import Level

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from tocsin.events.models import Event

COUNTED_ROWS = 5_000
"""An event planned for more people than this is counted on its own page, not in the list."""
ORDER = (
    State.DEAD, State.RETRYING, State.PENDING, State.SENDING, State.DEFERRED, State.MERGED, State.SENT, State.SKIPPED,
    State.CANCELLED, State.EXPIRED,
)  # fmt: skip
NAMES: dict[str, str | Promise] = {
    State.PENDING: _("waiting"),
    State.SENDING: _("being sent"),
    State.RETRYING: _("retrying"),
    State.DEFERRED: _("deferred"),
    State.MERGED: _("with another"),
    State.SENT: _("sent"),
    State.DEAD: _("dead"),
    State.SKIPPED: _("skipped"),
    State.CANCELLED: _("cancelled"),
    State.EXPIRED: _("expired"),
}
MOVING = {*UNSENT, State.SENDING}
UNPLANNED = {EventState.WAITING, EventState.PLANNING, EventState.AWAITING_CONFIRMATION}


@dataclass(frozen=True, slots=True)
class Chip:
    """How many deliveries are in one state."""

    state: str
    name: str | Promise
    number: int


@dataclass(frozen=True, slots=True)
class Share:
    """How many deliveries of one channel are in one state for one reason."""

    channel: str | Promise
    state: str
    name: str | Promise
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event in the list."""

    event: Event
    level: Level
    state: str
    chips: list[Chip]
    planned: int
    """People planned, where they are too many to be counted by state here; else 0."""


def row_of(event: Event) -> EventRow:
    """The list's row of one event."""
    planned = sum(event.trace.get("rows", {}).values())
    counted = {} if planned > COUNTED_ROWS else story.counts(event)
    return EventRow(
        event=event,
        level=Level(event.level),
        state=str(EventState(event.state).label),
        chips=chips(counted),
        planned=planned if planned > COUNTED_ROWS else 0,
    )


def chips(counts: dict[tuple[str, str, str], int]) -> list[Chip]:
    """Counts by state, what needs attention first."""
    totals: Counter[str] = Counter()
    for (_channel, state, _reason), number in counts.items():
        totals[state] += number
    return [Chip(state, NAMES[state], totals[state]) for state in ORDER if totals[state]]


def shares(counts: dict[tuple[str, str, str], int]) -> list[Share]:
    """Counts by channel, state and reason, what needs attention first."""
    ordered = sorted(counts.items(), key=lambda pair: (ORDER.index(State(pair[0][1])), pair[0]))
    return [
        Share(channel_name(channel), state, NAMES[state], str(Reason(reason).label) if reason else "", number)
        for (channel, state, reason), number in ordered
    ]


def channel_name(slug: str) -> str | Promise:
    """What a channel is called; its slug where it is not installed any more."""
    channel = registry.carriers().get(slug)
    return slug if channel is None else channel.label


def is_moving(event: Event, counts: dict[tuple[str, str, str], int]) -> bool:
    """Whether something is still to happen, so that the page should look again."""
    return event.state in UNPLANNED or any(state in MOVING for _channel, state, _reason in counts)


def can_cancel(event: Event, counts: dict[tuple[str, str, str], int]) -> bool:
    """Whether cancelling would stop anything."""
    return event.state in UNPLANNED or any(state in UNSENT for _channel, state, _reason in counts)
