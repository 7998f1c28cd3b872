"""What people do to deliveries: cancel what is unsent, replay what is dead, forget a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from tocsin import clock
from tocsin.deliveries import merge
from tocsin.deliveries.finding import UNPLANNED
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import FINAL, UNSENT, Reason, State
from tocsin.deliveries.succession import plan_successors
from tocsin.errors import Conflict, NotFound, invalid
from tocsin.events.ids import number_of
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.tenants.audit import note
from tocsin.vocabulary import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from tocsin.tenants.scope import Scope


def cancel(events: QuerySet[Event]) -> int:
    """Cancel these events and their unsent deliveries, in one transaction.

    Returns how many events that changed. What a worker is sending at this moment is not called back.
    """
    with transaction.atomic():
        keys = list(events.select_for_update().values_list("pk", flat=True))
        chosen = Event.objects.filter(pk__in=keys)
        unsent = Delivery.objects.filter(event__in=keys, state__in=UNSENT)
        still = Exists(unsent.filter(event=OuterRef("pk")))
        ended = {"state": EventState.CANCELLED, "reason": Reason.EVENT_CANCELLED, "lease_until": None}
        changed: int = chosen.filter(still, state=EventState.PLANNED).update(**ended)
        changed += chosen.filter(state__in=UNPLANNED).update(**ended)
        leads = list(unsent.filter(merged_into=F("pk")).values_list("pk", flat=True))
        unsent.update(state=State.CANCELLED, reason=Reason.EVENT_CANCELLED, finished_at=clock.DatabaseNow())
        merge.settle(leads)
        return changed


def reschedule(events: QuerySet[Event], due_at: datetime) -> int:
    """Give events that nobody has begun to plan another due date. Returns how many that changed.

    Raises `InvalidInput` where one of them would be due when it has expired.
    """
    with transaction.atomic():
        waiting = events.filter(state=EventState.WAITING).select_for_update()
        keys = list(waiting.values_list("pk", flat=True))
        chosen = Event.objects.filter(pk__in=keys)
        if over := chosen.filter(expires_at__lte=due_at).values_list("expires_at", flat=True).first():
            raise invalid(
                "due_at", f"is not before the event expires, at {over.isoformat()}.", "Give an earlier time."
            )
        return int(chosen.update(due_at=due_at))


def confirm(events: QuerySet[Event], by: str) -> Event:
    """Let an event go that waits for it. Raises `NotFound`, and `Conflict` for one that does not wait."""
    with transaction.atomic():
        event = events.select_for_update().first()
        if event is None:
            raise NotFound("There is no such event.")
        if event.state != EventState.AWAITING_CONFIRMATION:
            words = label_of(EventState, event.state)
            raise Conflict(f"It waits for no confirmation: it is {event.state}. {words}")
        event.state, event.reason, event.detail = EventState.WAITING, "", ""
        event.confirmed_at, event.confirmed_by = clock.now(), by[:200]
        event.save(update_fields=["state", "reason", "detail", "confirmed_at", "confirmed_by"])
        note(
            event.organization_id,
            by,
            "event.confirm",
            f"event:{event.pk}",
            before={},
            after={"title": event.title},
        )
        return event


@dataclass(slots=True)
class Replayed:
    """What came of a replay."""

    again: int = 0
    """Deliveries and events that are on their way again."""
    over: int = 0
    """Deliveries that are not sent again: their event has expired, or was cancelled."""
    moved: int = 0
    """Deliveries that were not dead any more."""
    channels: set[str] = field(default_factory=set)
    """Those that have work now."""

    def add(self, other: Replayed) -> None:
        """Count in what came of a further one."""
        self.again += other.again
        self.over += other.over
        self.moved += other.moved


def replay(public_ids: Sequence[str], scope: Scope, *, strictly: bool = True) -> Replayed:
    """Send dead deliveries and dead events on their way again, all or none.

    Raises `NotFound` for ids that are not there and, if `strictly`, `Conflict` for those that are not dead.
    """
    with transaction.atomic():
        events = [public_id for public_id in public_ids if "-" in public_id]
        keys = {_number(public_id) for public_id in public_ids if "-" not in public_id}
        _plan_again(events, scope)
        rows = Delivery.objects.within(scope).filter(pk__in=keys).order_by("pk").select_for_update()
        found = {row.pk: row for row in rows}
        for key in keys:
            if key not in found:
                raise NotFound(f"There is no delivery d{key}.")
            if strictly and found[key].state != State.DEAD:
                raise Conflict(f"Delivery d{key} is {found[key].state}; only dead ones can be replayed.")
        dead = {pk: row for pk, row in found.items() if row.state == State.DEAD}
        over = _end_what_is_over(dead)
        again = [pk for pk in dead if pk not in over]
        Delivery.objects.filter(pk__in=again).update(
            state=State.PENDING, reason=Reason.REPLAYED, due_at=clock.DatabaseNow(),
            created_at=clock.DatabaseNow(), finished_at=None, attempt=0, claims=0, fence=F("fence") + 1,
        )  # fmt: skip
        merge.revive(again)
    channels = {dead[pk].channel for pk in again}
    return Replayed(len(again) + len(events), len(over), len(found) - len(dead), channels)


def _end_what_is_over(dead: Mapping[int, Delivery]) -> set[int]:
    """End those whose event has expired or was cancelled; the keys of them."""
    events = Event.objects.filter(pk__in={row.event_id for row in dead.values()})
    cancelled = set(events.filter(state=EventState.CANCELLED).values_list("pk", flat=True))
    expired = events.filter(Q(state=EventState.EXPIRED) | Q(expires_at__lte=clock.DatabaseNow()))
    late = set(expired.values_list("pk", flat=True)) - cancelled
    over: set[int] = set()
    for keys, state, reason in (
        (cancelled, State.CANCELLED, Reason.EVENT_CANCELLED),
        (late, State.EXPIRED, Reason.EVENT_EXPIRED),
    ):
        meant = {pk for pk, row in dead.items() if row.event_id in keys}
        Delivery.objects.filter(pk__in=meant).update(
            state=state, reason=reason, finished_at=clock.DatabaseNow()
        )
        over |= meant
    return over


def _plan_again(event_ids: Iterable[str], scope: Scope) -> None:
    """Dead events wait for a planner again; what is planned of them already stays as it is."""
    for event_id in event_ids:
        try:
            event = Event.objects.within(scope).select_for_update().get(pk=event_id)
        except (Event.DoesNotExist, ValidationError):
            raise NotFound(f"There is no event {event_id[:40]!r}.") from None
        if event.state != EventState.DEAD:
            raise Conflict(f"Event {event_id} is {event.state}; only dead ones can be replayed.")
        event.state, event.reason, event.detail, event.claims = EventState.WAITING, "", "", 0
        event.save(update_fields=["state", "reason", "detail", "claims"])


def _number(public_id: str) -> int:
    if public_id[:1] == "i" and public_id[1:].isdigit():
        raise Conflict(f"{public_id} is in an inbox already; there is nothing to replay.")
    number = number_of(public_id.removeprefix("d"))
    if number is None:
        raise NotFound(f"There is no delivery {public_id!r}.")
    return number


def look_again(user_pk: Any) -> set[str]:
    """What waits for a better moment for a person is judged anew at once. Returns the channels it is on."""
    waiting = Delivery.objects.filter(user=user_pk, state=State.DEFERRED)
    channels = set(waiting.values_list("channel", flat=True))
    waiting.update(due_at=clock.DatabaseNow())
    return channels


def forget(user_pk: Any) -> None:
    """Take a person out of the ledger: what is unsent is skipped, history keeps no personal data.

    Call it once the user row is deleted: a user who is still there is still someone to tell. Someone else
    at the same address still receives.
    """
    with transaction.atomic():
        theirs = Delivery.objects.filter(user=user_pk)
        unsent = list(theirs.filter(state__in=UNSENT).values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=unsent).update(
            state=State.SKIPPED, reason=Reason.RECIPIENT_GONE, finished_at=clock.DatabaseNow()
        )
        plan_successors(unsent)
        theirs.filter(state__in=FINAL).update(
            user=None, destination=None, label="", address="", provider_id="",
            identity=Concat(Value("forgotten:"), Cast("pk", CharField())),
        )  # fmt: skip
