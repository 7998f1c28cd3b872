"""How the last day went, by the minute, and what waits: for people to look at. A bounded number of rows is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db.models import Count
from django.db.models.functions import Trunc

from tocsin import clock
from tocsin.channels import registry
from tocsin.deliveries.due import ready_deliveries
from tocsin.deliveries.figures import oldest_due
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.deliveries.states import AttemptOutcome, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet

    from tocsin.tenants.scope import Scope

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MINUTES, HOURS = 60, 24
MOST = 100_000
"""Attempts, and inbox items, that are looked at: the newest."""
MOST_WAITING = 10_000
"""Deliveries of a channel that are counted, where they wait or are dead."""


class Tally(NamedTuple):
    """What was told in one stretch of time, and what was tried in vain."""

    at: datetime
    sent: int
    failed: int
    known: bool = True
    """Whether all of it was looked at: what is further back than MOST attempts is not counted."""


@dataclass(slots=True)
class Flow:
    """How it goes on one channel."""

    slug: str
    minutes: list[Tally] = field(default_factory=list)
    waiting: int = 0
    """Not sent yet and due; MOST_WAITING may be more."""
    dead: int = 0
    oldest: datetime | None = None
    """When the oldest of those that wait was due."""

    @property
    def sent(self) -> int:
        """In the last hour."""
        return sum(one.sent for one in self.minutes)

    @property
    def failed(self) -> int:
        """Attempts of the last hour that came to nothing."""
        return sum(one.failed for one in self.minutes)

    @property
    def rate(self) -> float | None:
        """The part of the last hour's attempts that failed, from 0 to 1; None where nothing was tried."""
        tried = self.sent + self.failed
        return self.failed / tried if tried else None


@dataclass(slots=True)
class Pulse:
    """How it goes, as `scope` sees it."""

    minutes: list[Tally]
    """Of the last hour, the one that runs now last."""
    hours: list[Tally]
    """Of the last day, the one that runs now last."""
    channels: list[Flow]


def pulse(scope: Scope) -> Pulse:
    """How the last day went and what waits now."""
    now = clock.now()
    since = _hour(now) - (HOURS - 1) * HOUR
    known_from, counted = _counted(scope, since)
    queue = _queue(scope)
    minutes = [_minute(now) - (MINUTES - 1 - index) * MINUTE for index in range(MINUTES)]
    hours = [since + index * HOUR for index in range(HOURS)]
    for slug in {slug for slug, _at, _ok in counted} | set(registry.carriers()):
        queue.setdefault(slug, Flow(slug))
    for flow in queue.values():
        flow.minutes = _tallies(counted, minutes, _minute, known_from, flow.slug)
    active = [flow for flow in queue.values() if flow.sent or flow.failed or flow.waiting or flow.dead]
    return Pulse(
        _tallies(counted, minutes, _minute, known_from),
        _tallies(counted, hours, _hour, known_from),
        sorted(active, key=lambda flow: (-flow.dead, -flow.waiting, -flow.failed, flow.slug)),
    )


def _tallies(
    counted: Counter[tuple[str, datetime, bool]],
    starts: list[datetime],
    floor: Callable[[datetime], datetime],
    known_from: datetime | None,
    slug: str | None = None,
) -> list[Tally]:
    """Half-open stretches: what happens on the full minute belongs to the one that begins then."""
    sums: Counter[tuple[datetime, bool]] = Counter()
    for (channel, at, ok), number in counted.items():
        if slug in (None, channel):
            sums[floor(at), ok] += number
    return [
        Tally(at, sums[at, True], sums[at, False], known_from is None or at >= known_from) for at in starts
    ]


def _counted(scope: Scope, since: datetime) -> tuple[datetime | None, Counter[tuple[str, datetime, bool]]]:
    """By channel, minute and success; and from when on that is all there was (None: all of it)."""
    items = apps.get_model("tocsin", "InboxItem").objects.all()
    tried, tried_from = _newest(Attempt.objects.all(), "finished_at", since)
    told, told_from = _newest(items, "created_at", since)
    if not scope.is_operator:
        tried = tried.filter(delivery__organization__in=scope.organizations)
        told = told.filter(organization__in=scope.organizations)
    found: Counter[tuple[str, datetime, bool]] = Counter()
    rows = tried.annotate(minute=Trunc("finished_at", "minute", tzinfo=since.tzinfo)).order_by()
    for channel, at, outcome, number in rows.values_list("delivery__channel", "minute", "outcome").annotate(
        number=Count("pk")
    ):
        found[channel, at, outcome == AttemptOutcome.SENT] += number
    rows = told.filter(delivery__isnull=True).annotate(
        minute=Trunc("created_at", "minute", tzinfo=since.tzinfo)
    )
    for channel, at, number in rows.order_by().values_list("channel", "minute").annotate(number=Count("pk")):
        found[channel, at, True] += number
    edges = [edge for edge in (tried_from, told_from) if edge is not None]
    return max(edges, default=None), found


def _newest(rows: QuerySet[Any], column: str, since: datetime) -> tuple[QuerySet[Any], datetime | None]:
    """The newest MOST rows since then; and, where there were more, when the first of those looked at was."""
    last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    looked_at = rows.filter(pk__gt=last - MOST)
    first = looked_at.order_by("pk").values_list(column, flat=True).first() if last > MOST else None
    return looked_at.filter(**{f"{column}__gte": since}), first if first and first > since else None


def _queue(scope: Scope) -> dict[str, Flow]:
    """What waits on each channel, and what is dead."""
    now = clock.now()
    found = {slug: Flow(slug) for slug in [*registry.carriers(), *registry.missing()]}
    oldest = oldest_due() if scope.is_operator else {}
    for slug, flow in found.items():
        due = ready_deliveries(slug).filter(due_at__lte=now)
        if scope.is_operator:
            flow.waiting, flow.oldest = due.order_by()[:MOST_WAITING].count(), oldest.get(slug)
        else:
            flow.waiting, flow.oldest = _theirs(due, scope)
    dead = Delivery.objects.within(scope).filter(state=State.DEAD).order_by("-pk")
    for slug, number in Counter(dead.values_list("channel", flat=True)[:MOST_WAITING]).items():
        found.setdefault(slug, Flow(slug)).dead = number
    return found


def _theirs(due: QuerySet[Delivery], scope: Scope) -> tuple[int, datetime | None]:
    """Of what waits on a channel those of some organizations, among the first of all organizations."""
    first = due.order_by("priority", "due_at", "id").values_list("organization", "due_at")[:MOST_WAITING]
    moments = [due_at for organization, due_at in first if scope.sees(organization)]
    return len(moments), min(moments, default=None)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
