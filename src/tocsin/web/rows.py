"""What the ledger pages show of an event: counts by state in a fixed order, and whether it can still be stopped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tocsin.channels import registry
from tocsin.deliveries import story
from tocsin.deliveries.finding import UNPLANNED
from tocsin.deliveries.states import UNSENT, State
from tocsin.events.states import EventState
from tocsin.levels import Level
from tocsin.vocabulary import label_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.utils.functional import Promise

    from tocsin.events.models import Event

COUNTED_ROWS = 1_000
"""An event with more deliveries than this is counted on its own page, not in the list."""
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
STATE_NAMES: dict[str, str | Promise] = {
    EventState.WAITING: _("waits until it is due"),
    EventState.PLANNING: _("being planned"),
    EventState.PLANNED: _("planned"),
    EventState.AWAITING_CONFIRMATION: _("waits for a confirmation"),
    EventState.CANCELLED: _("cancelled"),
    EventState.EXPIRED: _("expired"),
    EventState.DEAD: _("planning failed"),
}
MOVING = {*UNSENT, State.SENDING}


@dataclass(frozen=True, slots=True)
class Chip:
    """How many deliveries are in one state."""

    state: str
    name: str | Promise
    number: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event in the list."""

    event: Event
    level: Level
    state: str | Promise
    said: str
    """The state in a sentence."""
    chips: list[Chip]
    is_large: bool
    """It has so many deliveries that they are not counted here."""


def rows_of(events: Sequence[Event]) -> list[EventRow]:
    """The list's rows: the same few statements, however many there are."""
    counts = story.counts_of([event.pk for event in events], COUNTED_ROWS)
    return [
        EventRow(
            event=event,
            level=Level(event.level),
            state=STATE_NAMES.get(event.state, event.state),
            said=str(label_of(EventState, event.state)),
            chips=_chips(counts.get(event.pk, {})),
            is_large=event.pk not in counts,
        )
        for event in events
    ]


def chips(counts: dict[tuple[str, str, str], int]) -> list[Chip]:
    """Counts by state, what needs attention first."""
    totals: Counter[str] = Counter()
    for (_channel, state, _reason), number in counts.items():
        totals[state] += number
    return _chips(totals)


def _chips(totals: Mapping[str, int]) -> list[Chip]:
    unknown = sorted(totals.keys() - set(ORDER))  # a newer release wrote them
    return [
        Chip(state, NAMES.get(state, state), totals[state])
        for state in (*ORDER, *unknown)
        if totals.get(state)
    ]


def channel_name(slug: str) -> str | Promise:
    """What a channel is called; its slug where it is not installed any more."""
    channel = registry.carriers().get(slug)
    return slug if channel is None else channel.label


def is_moving(event: Event, counts: dict[tuple[str, str, str], int] | None) -> bool:
    """Whether something is still to happen, so that the page should look again."""
    return event.state in UNPLANNED or any(state in MOVING for _channel, state, _reason in counts or ())


def can_cancel(event: Event, counts: dict[tuple[str, str, str], int] | None) -> bool:
    """Whether cancelling would stop anything, or might where the deliveries are not counted."""
    if event.state in UNPLANNED or counts is None:
        return event.state in (*UNPLANNED, EventState.PLANNED)
    return any(state in UNSENT for _channel, state, _reason in counts)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is."""

    done: int
    of: int


def progress(event: Event, counts: dict[tuple[str, str, str], int] | None) -> Progress | None:
    """How many of an event's deliveries have come to an end; None where none is on its way."""
    if event.state != EventState.PLANNED or not counts:
        return None
    moving = sum(number for (_channel, state, _reason), number in counts.items() if state in MOVING)
    total = sum(counts.values())
    return Progress(total - moving, total) if moving and total > 1 else None
