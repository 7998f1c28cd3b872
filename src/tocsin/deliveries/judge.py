"""The last look before sending: may this delivery still go out? Pure: values in, verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.deliveries.states import Reason, State
from tocsin.events.states import EventState

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Facts:
    """What is true at this moment of a delivery that is about to be sent."""

    now: datetime
    event_state: str | None
    expires_at: datetime | None
    mandatory: bool
    to_person: bool
    person_exists: bool = True
    person_active: bool = True
    opted_out: bool = False
    organization_off: bool = False
    """Their organization switched it off, and they said nothing."""
    dnd_until: datetime | None = None
    opens_at: datetime | None = None
    """When all windows are open next, once their rest is over: theirs, and the rule's. None where there is none."""
    passes: bool = False
    """Critical, of a type whose critical events are told at any time."""
    was_put_off: bool = False
    has_read: bool = False
    """They have read the event in their inbox."""
    is_over: bool = False
    """What it speaks of was resolved meanwhile."""
    destination_known: bool = True
    destination_disabled: bool = False
    destination_unverified: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a delivery is not sent now. `until` is when a deferred one comes up again."""

    state: State
    reason: Reason
    until: datetime | None = None


def judge(facts: Facts) -> Verdict | None:
    """None to send; else what becomes of the delivery, and why."""
    if facts.event_state in (None, EventState.CANCELLED):
        return Verdict(State.CANCELLED, Reason.EVENT_CANCELLED)
    if facts.expires_at is not None and facts.expires_at <= facts.now:
        return Verdict(State.EXPIRED, Reason.EVENT_EXPIRED)
    if facts.to_person and (verdict := _judge_person(facts)):
        return verdict
    if facts.was_put_off and (reason := _why_not_any_more(facts)):
        return Verdict(State.SKIPPED, reason)
    if reason := _why_not_there(facts):
        return Verdict(State.SKIPPED, reason)
    return None if facts.passes else _judge_hours(facts)


def _judge_hours(facts: Facts) -> Verdict | None:
    if facts.dnd_until is not None and facts.dnd_until > facts.now:
        until = max(facts.dnd_until, facts.opens_at or facts.dnd_until)
        return Verdict(State.DEFERRED, Reason.DO_NOT_DISTURB, until)
    if facts.opens_at is not None and facts.opens_at > facts.now:
        return Verdict(State.DEFERRED, Reason.WINDOW_CLOSED, facts.opens_at)
    return None


def _why_not_any_more(facts: Facts) -> Reason | None:
    if facts.has_read:
        return Reason.READ
    return Reason.RESOLVED if facts.is_over else None


def _why_not_there(facts: Facts) -> Reason | None:
    if not facts.destination_known:
        return Reason.DESTINATION_GONE
    if facts.destination_disabled:
        return Reason.DESTINATION_DISABLED
    return Reason.DESTINATION_UNVERIFIED if facts.destination_unverified else None


def _judge_person(facts: Facts) -> Verdict | None:
    if not facts.person_exists:
        return Verdict(State.SKIPPED, Reason.RECIPIENT_GONE)
    if not facts.person_active:
        return Verdict(State.SKIPPED, Reason.INACTIVE)
    if facts.opted_out and not facts.mandatory:
        return Verdict(State.SKIPPED, Reason.OPTED_OUT)
    if facts.organization_off and not facts.mandatory:
        return Verdict(State.SKIPPED, Reason.ORGANIZATION_OFF)
    return None
