"""What is looked for in the ledger. One question looks at a bounded number of rows, and says where to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from tocsin.channels import registry
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import READY, UNSENT, State
from tocsin.events.ids import first_at
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from tocsin.tenants.scope import Scope

EVENTS_LOOKED_AT = 20_000
"""Events of the organizations in question that one question looks at, where no index finds them."""
STEP, STEPS = 100_000, 5
"""Numbers of deliveries that one statement looks at, and how often, where no index finds them."""
FEW = 50_000
"""So many that are not sent yet are found by the index of those, and sorted."""
DEAD_LOOKED_AT = 5_000
"""Dead deliveries, the newest, whose events are meant by "with dead ones"."""
UNPLANNED = (EventState.WAITING, EventState.PLANNING, EventState.AWAITING_CONFIRMATION)


class Found(NamedTuple):
    """Some rows, the newest first; the key below which others may follow; and whether the search broke off there."""

    rows: list[Any]
    next: Any = None
    broke_off: bool = False


@dataclass(frozen=True, slots=True)
class WantedEvents:
    """Which events are looked for; what is empty does not matter."""

    type: str = ""
    """A type, or all whose names begin so: "task:*"."""
    level: int | None = None
    """At least this."""
    state: str = ""
    organization: int | None = None
    project: str = ""
    actor: str = ""
    about: str = ""
    group_key: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Accepted from `since`, and before `until`."""
    dead: bool = False
    """With deliveries that were given up."""

    @property
    def is_indexed(self) -> bool:
        """Whether an index finds them, however many events there are."""
        return bool(self.about or self.group_key or self.dead or self.state in UNPLANNED)

    def within(self, scope: Scope) -> QuerySet[Event]:
        """Those that `scope` sees, in no order."""
        found = self._placed(scope)
        if self.type:
            found = found.filter(**_of_type("type", self.type))
        exact = {
            name: value for name in ("state", "actor", "about", "group_key") if (value := getattr(self, name))
        }
        found = found.filter(**exact)
        if self.level is not None:
            found = found.filter(level__gte=self.level)
        if self.project:
            found = found.filter(project__slug=self.project)
        if self.dead:
            dead = Delivery.objects.within(scope).filter(state=State.DEAD).order_by("-pk")
            found = found.filter(pk__in=list(dead.values_list("event", flat=True)[:DEAD_LOOKED_AT]))
        return found

    def _placed(self, scope: Scope) -> QuerySet[Event]:
        """By organization and date alone."""
        found: QuerySet[Event] = Event.objects.within(scope)
        if self.organization is not None:
            found = found.filter(organization=self.organization)
        elif scope.is_operator and (self.about or self.group_key):
            # These indexes begin with the organization.
            found = found.filter(organization__in=Organization.objects.values("pk"))
        if self.since is not None:
            found = found.filter(pk__gte=first_at(self.since))
        if self.until is not None:
            found = found.filter(pk__lt=first_at(self.until))
        return found

    def search(self, scope: Scope, before: uuid.UUID | None, limit: int, also: Q | None = None) -> Found:
        """The newest of them that are older than `before`; `also` narrows them further."""
        rows, among = self.within(scope), self._placed(scope)
        if also is not None:
            rows = rows.filter(also)
        if before is not None:
            rows, among = rows.filter(pk__lt=before), among.filter(pk__lt=before)
        edge = None
        if also is not None or not self.is_indexed:
            keys = among.order_by("-pk").values_list("pk", flat=True)
            edge = next(iter(keys[EVENTS_LOOKED_AT - 1 : EVENTS_LOOKED_AT]), None)
        if edge is not None:
            rows = rows.filter(pk__gte=edge)
        found = list(rows.select_related("organization").defer("body", "data").order_by("-pk")[: limit + 1])
        if len(found) > limit:
            return Found(found[:limit], found[limit - 1].pk)
        return Found(found, edge, broke_off=edge is not None)


def _of_type(column: str, wanted: str) -> dict[str, str]:
    """What a type, or the beginning of some ("task:*"), asks of a column."""
    return {f"{column}__startswith": wanted.removesuffix("*")} if wanted.endswith("*") else {column: wanted}


def stoppable() -> Q:
    """Of events: those of which something is not sent yet."""
    unsent = Delivery.objects.filter(event=OuterRef("pk"), state__in=UNSENT)
    return Q(state__in=UNPLANNED) | (Q(state=EventState.PLANNED) & Q(Exists(unsent)))


def unsent_of(events: Sequence[uuid.UUID]) -> int:
    """How many deliveries of these events are not sent yet."""
    return int(Delivery.objects.filter(event__in=list(events), state__in=UNSENT).count())


@dataclass(frozen=True, slots=True)
class WantedLines:
    """Which deliveries are looked for; what is empty does not matter."""

    event: uuid.UUID | None = None
    user: Any = None
    state: str = ""
    channel: str = ""
    reason: str = ""
    identity: str = ""
    type: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Planned from `since`, and before `until`."""

    @property
    def tables(self) -> str:
        """Which are read in turn, "d" deliveries and "i" inbox items: an item is sent, for no reason, to a person."""
        if self.reason or self.identity or self.state not in ("", State.SENT):
            return "d"
        channel = registry.carriers().get(self.channel)
        return "id" if channel is not None and channel.in_app else "di"

    def is_indexed(self, table: str) -> bool:
        """Whether an index finds them, however many deliveries there are."""
        if self.event is not None or self.user is not None:
            return True
        if table == "i":
            return False
        if self.state in UNSENT:
            states = READY if self.state in READY else (State.MERGED,)
            return bool(Delivery.objects.filter(state__in=states).order_by()[: FEW + 1].count() <= FEW)
        return self.state in (State.DEAD, State.SENDING)

    def within(self, rows: QuerySet[Any], scope: Scope) -> QuerySet[Any]:
        """Those of `rows` (deliveries or inbox items) that `scope` sees."""
        found: QuerySet[Any] = rows.within(scope)  # type: ignore[attr-defined]
        exact = {name: getattr(self, name) for name in ("event", "user", "channel")}
        if rows.model is Delivery:
            exact |= {name: getattr(self, name) for name in ("state", "reason", "identity")}
        else:
            found = found.filter(delivery__isnull=True)
        found = found.filter(**{name: value for name, value in exact.items() if value not in (None, "")})
        if self.type:
            found = found.filter(**_of_type("event__type", self.type))
        if self.since is not None:
            found = found.filter(created_at__gte=self.since)
        return found if self.until is None else found.filter(created_at__lt=self.until)

    def walk(self, rows: QuerySet[Any], before: int | None, limit: int) -> Found:
        """The newest `limit` of `rows` below the number `before`, a bounded number of steps down."""
        top = before
        if top is None:
            top = (rows.model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
        found: list[Any] = []
        for _ in range(STEPS):
            part = rows.filter(pk__lt=top, pk__gte=top - STEP).order_by("-pk")
            found += part[: limit - len(found)]
            top -= STEP
            if len(found) == limit or top <= 1 or self._is_older(rows.model, top):
                return Found(found)
        return Found(found, top, broke_off=True)

    def _is_older(self, model: Any, top: int) -> bool:
        """Whether all below `top` is from before `since`: times of later rows are later, or were set later."""
        if self.since is None:
            return False
        below = model._default_manager.filter(pk__lt=top).order_by("-pk").values_list("created_at", flat=True)
        moment = below.first()
        return moment is None or bool(moment < self.since)
