"""How much waits, for how long, and how the last minutes went: by indexes, whatever the ledger holds."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count

from tocsin import clock
from tocsin.channels import registry
from tocsin.deliveries.due import PLAN, ready_deliveries, waiting_events
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.deliveries.states import READY, State
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.levels import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet

RECENT = timedelta(minutes=5)
MOST_ATTEMPTS = 20_000
"""Attempts of the last minutes that are looked at, the newest."""
MOST_DUE = 100_000
"""Due rows of a channel that are counted: more would not change how many workers one starts."""
COUNTED = (*READY, State.MERGED, State.SENDING, State.DEAD)
"""The states with an index of their own; what is finished otherwise is not counted."""


class Recent(NamedTuple):
    """The attempts of the last minutes."""

    attempts: Counter[tuple[str, str]]
    """By channel and outcome."""
    seconds: dict[str, list[float]]
    """Of each channel, from due to sent, in order."""


def oldest_due() -> dict[str, datetime]:
    """When the oldest due work of each channel, and of planning, was due; without those that have none."""
    now = clock.now()
    found = {PLAN: _oldest(waiting_events(), now)}
    for slug in [*registry.carriers(), *registry.missing()]:
        found[slug] = _oldest(ready_deliveries(slug), now)
    return {name: due for name, due in found.items() if due is not None}


def _oldest(found: QuerySet[Event] | QuerySet[Delivery], now: datetime) -> datetime | None:
    # One probe of the partial index per priority; a MIN over all of them would read the whole backlog.
    firsts = (
        found.filter(priority=priority, due_at__lte=now)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
        for priority in PRIORITIES
    )
    return min((due for due in firsts if due is not None), default=None)


def due_now(late: Collection[str]) -> dict[str, int]:
    """How much is due of each channel, and of planning, up to MOST_DUE. `late` are those that `oldest_due` gave."""
    now = clock.now()
    found = dict.fromkeys((PLAN, *registry.carriers()), 0)
    for name in late:
        rows: QuerySet[Event] | QuerySet[Delivery] = (
            waiting_events() if name == PLAN else ready_deliveries(name)
        )
        # With every priority named, what is not due yet is not read.
        due = rows.filter(priority__in=PRIORITIES, due_at__lte=now).order_by()
        found[name] = due.values("pk")[:MOST_DUE].count()
    return found


def waiting() -> dict[tuple[str, str], int]:
    """How many deliveries there are in each state that is not the end, and dead, by (channel, state)."""
    found: dict[tuple[str, str], int] = {}
    for state in COUNTED:
        rows = Delivery.objects.filter(state=state).order_by().values("channel").annotate(number=Count("pk"))
        found |= {(row["channel"], str(state)): row["number"] for row in rows}
    return found


def events_waiting() -> dict[str, int]:
    """How many events are not planned yet, by state."""
    states = (EventState.WAITING, EventState.PLANNING, EventState.AWAITING_CONFIRMATION)
    rows = Event.objects.filter(state__in=states).order_by().values("state").annotate(number=Count("pk"))
    return {row["state"]: row["number"] for row in rows}


def recent() -> Recent:
    """What the last minutes brought, of at most MOST_ATTEMPTS attempts."""
    since = clock.now() - RECENT
    newest = Attempt.objects.order_by("-pk").values_list("delivery", "outcome", "finished_at")[:MOST_ATTEMPTS]
    rows = [row for row in newest if row[2] is not None and row[2] >= since]
    about = dict.fromkeys({row[0] for row in rows})
    known = Delivery.objects.filter(pk__among=list(about)).values_list("pk", "channel", "due_at")
    places = {pk: (channel, due) for pk, channel, due in known}
    attempts: Counter[tuple[str, str]] = Counter()
    seconds: dict[str, list[float]] = {}
    for delivery, outcome, finished in rows:
        if delivery not in places:
            continue
        channel, due = places[delivery]
        attempts[channel, outcome] += 1
        if outcome == "sent":
            seconds.setdefault(channel, []).append(max(0.0, (finished - due).total_seconds()))
    return Recent(attempts, {channel: sorted(found) for channel, found in seconds.items()})
