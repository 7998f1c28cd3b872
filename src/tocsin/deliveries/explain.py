"""Why someone got a message, and why someone did not: read from the ledger, recomputed where nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from tocsin import clock
from tocsin.channels import registry
from tocsin.channels.outcomes import Cause
from tocsin.deliveries import budgets, story
from tocsin.deliveries.contributors import contributors, people_of
from tocsin.deliveries.decisions import decision_of, sentence_of, unmatched, unmatched_operator
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import AttemptOutcome, Reason, State
from tocsin.deliveries.waits import closed, in_full, switched_off
from tocsin.events.states import EventState
from tocsin.recipients import users
from tocsin.recipients.models import Destination
from tocsin.tenants.scope import OPERATOR
from tocsin.vocabulary import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from tocsin.deliveries.contributors import Contributor
    from tocsin.deliveries.models import Attempt
    from tocsin.events.models import Event
    from tocsin.tenants.scope import Scope

FIRST = 50


@dataclass(slots=True)
class Explanation:
    """What there is to say of one event, or of one event and one person."""

    event: Event
    sentences: list[str] = field(default_factory=list)
    counts: dict[tuple[str, str, str], int] = field(default_factory=dict)
    lines: list[story.Line] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "event": str(self.event.pk),
            "type": self.event.type,
            "title": self.event.title,
            "state": self.event.state,
            "explanation": self.sentences,
            "counts": [
                {"channel": channel, "state": state, "reason": reason, "number": number}
                for (channel, state, reason), number in sorted(self.counts.items())
            ],
            "deliveries": [
                {
                    "id": line.id, "channel": line.channel, "recipient": line.label, "address": line.address,
                    "state": line.state, "reason": line.reason, "explanation": line.sentence, "layer": line.layer,
                }
                for line in self.lines
            ],
        }  # fmt: skip


def explain(
    event: Event, user: Any = None, *, rule: int | None = None, scope: Scope = OPERATOR
) -> Explanation:
    """Who heard of an event and who did not, or what became of it for one user, or by one rule, and why.

    Raises `NotFound` for a rule that `scope` does not see.
    """
    made = Explanation(event)
    made.sentences.append(sentence_of(event))
    if event.series is not None:
        words = {"id": event.series.pk, "rule": event.series.rrule}
        made.sentences.append(_("It is one of series %(id)s: %(rule)s.") % words)
    if rule is not None:
        made.sentences.append(decision_of(event, rule, scope).sentence)
        return made
    if user is not None:
        _explain_person(made, user)
        return made
    for one in contributors(event):
        made.sentences.append(_of_contributor(one))
    made.sentences += unmatched(event)
    if scope.is_operator:
        made.sentences += unmatched_operator(event)
    made.counts = story.counts(event)
    made.lines = story.lines(OPERATOR, event=event.pk, limit=FIRST).items
    for (channel, state, reason), number in sorted(made.counts.items()):
        why = f" {label_of(Reason, reason)}" if reason else ""
        made.sentences.append(f"{channel}: {number} {state}.{why}")
    return made


def _of_contributor(one: Contributor) -> str:
    if one.refs:
        return _("“%(layer)s” is the operator's, and tells by %(channels)s.") % {
            "layer": one.layer, "channels": ", ".join(one.channels),
        }  # fmt: skip
    if one.actions:
        said = (
            _("“%(layer)s” is for the code that is registered for it.")
            if one.note
            else _("“%(layer)s” is carried out by the code that is registered for it.")
        )
        return f"{said % {'layer': one.layer}} {one.note}".rstrip()
    named = ", ".join(map(str, one.terms)) or _("nobody")
    said = _("“%(layer)s” names %(named)s by %(channels)s.") % {
        "layer": one.layer, "named": named, "channels": ", ".join(one.channels),
    }  # fmt: skip
    return f"{said} {one.note}".rstrip()


def _explain_person(made: Explanation, user: Any) -> None:
    event = made.event
    made.lines = story.lines(OPERATOR, event=event.pk, user=user.pk, limit=FIRST).items
    for line in made.lines:
        where = f" ({line.address})" if line.address else ""
        made.sentences.append(f"{line.channel}{where}: {in_full([line.sentence, *_why(event, line, user)])}")
        made.sentences += [_of_attempt(attempt) for attempt in line.attempts]
    told = {line.channel for line in made.lines}
    named = False
    for one in contributors(event):
        people, _missing = people_of(event, one)
        if people.filter(pk=user.pk).exists():
            named = True
            for slug in one.channels:
                if slug not in told and event.state == EventState.PLANNED:
                    made.sentences.append(_why_not(event, slug, user))
    if not made.lines:
        made.sentences += unmatched(event, user)
    if not named and not made.lines:
        made.sentences.append(
            _(
                "They are in no audience of this event now. Whether they were one when it was planned is not kept."
            )
        )


def _why(event: Event, line: story.Line, user: Any) -> Iterator[str]:
    """More of why a line waits, or was not wanted."""
    if line.state == State.DEFERRED:
        known = users.known([user.pk], line.channel).get(user.pk)
        if known is not None:
            yield from closed(event, known, line.channel, line.layer, clock.now())
    elif line.state in (State.PENDING, State.RETRYING) and not line.reason and budgets.is_spent(line.channel):
        yield str(Reason.BUDGET.label)
    elif line.state == State.SKIPPED:
        yield switched_off(event, user.pk, line.channel, line.reason)


def _of_attempt(attempt: Attempt) -> str:
    words = [f"  {attempt.started_at:%Y-%m-%d %H:%M:%S} UTC: {label_of(AttemptOutcome, attempt.outcome)}."]
    if attempt.cause:
        words.append(str(label_of(Cause, attempt.cause)))
    if attempt.detail:
        words.append(f"({attempt.detail})")
    return " ".join(words)


def _why_not(event: Event, slug: str, user: Any) -> str:
    """Someone who is in the audience and has no row on this channel: their address was another's."""
    covering = _covering(event, slug, user)
    if covering is not None:
        return _("%(channel)s: same address as %(name)s's delivery d%(id)s (%(state)s).") % {
            "channel": slug, "name": covering.label or covering.identity, "id": covering.pk, "state": covering.state,
        }  # fmt: skip
    return _("%(channel)s: they were not in the audience when it was planned, or had no address then.") % {
        "channel": slug
    }


def _covering(event: Event, slug: str, user: Any) -> Delivery | None:
    channel = registry.channels().get(slug)
    if channel is None:
        return None
    identities = set(
        Destination.objects.filter(user=user.pk, channel=slug, managed=False).values_list(
            "identity", flat=True
        )
    )
    if channel.uses_account_email:
        account = users.recipients([user.pk]).get(user.pk)
        identities |= {users.ascii_lower(account.email)} if account else set()
    rows: QuerySet[Delivery] = Delivery.objects.filter(event=event.pk, channel=slug, identity__in=identities)
    return rows.exclude(state=State.SKIPPED).order_by("-turn").first() or rows.order_by("-turn").first()
