"""One event's story in steps, from accept to attempts, each in words; and one lane for each channel that told it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin import conf
from tocsin.deliveries import story
from tocsin.deliveries.contributors import contributors, people_of
from tocsin.deliveries.decisions import sentence_of, unmatched, unmatched_operator
from tocsin.deliveries.states import Reason
from tocsin.events.states import EventState
from tocsin.recipients import users
from tocsin.vocabulary import label_of
from tocsin.web.ledger import plots
from tocsin.web.rows import NAMES, ORDER, channel_name

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise

    from tocsin.deliveries.contributors import Contributor
    from tocsin.events.models import Event
    from tocsin.tenants.scope import Scope
    from tocsin.web.ledger.tally import Counts

MOST_PEOPLE = 10_000
"""People of an audience that are counted, while a page is made."""
MOST_PLANNED = 2_000_000
"""The same, while it is being planned."""
ENDS: dict[str, str] = {
    EventState.DEAD: "dead",
    EventState.CANCELLED: "cancelled",
    EventState.EXPIRED: "expired",
}
"""The marks of events that ended before they were planned."""


@dataclass(slots=True)
class Step:
    """Something that happened to the event. `mark` names its drawing."""

    mark: str
    words: str
    at: datetime | None = None
    told: list[str] = field(default_factory=list)
    """More, a sentence each."""
    folded: list[str] = field(default_factory=list)
    """What is shown to those who ask for it."""
    folded_words: str = ""


@dataclass(slots=True)
class Lane:
    """What came of it on one channel."""

    name: str | Promise
    total: int
    parts: list[plots.Part]
    shares: list[tuple[str, str | Promise, str, int]]
    """State, its name, the reason in words, how many."""
    first: datetime | None = None
    last: datetime | None = None
    tries: int = 0
    dots: list[plots.Dot] = field(default_factory=list)


def steps(event: Event, counts: Counts | None, scope: Scope) -> list[Step]:
    """What happened to the event, in order, up to its planning, or to what ended it before."""
    found = [_accepted(event)]
    if event.confirmed_at is not None:
        words = _("Confirmed by %(name)s.") % {"name": event.confirmed_by}
        found.append(Step("sent", words, event.confirmed_at))
    if event.due_at > event.created_at:
        found.append(Step("deferred", _("Due."), event.due_at))
    found.append(_asked(event, scope))
    if event.planned_at is not None:
        found.append(_planned(event, counts))
    if event.state != EventState.PLANNED:
        found.append(Step(ENDS.get(event.state, "pending"), sentence_of(event)))
    return found


def _accepted(event: Event) -> Step:
    words = _("Accepted from %(actor)s.") % {"actor": event.actor} if event.actor else _("Accepted.")
    told = []
    if event.series is not None:
        told.append(
            _("It is one of series %(id)s: %(rule)s.") % {"id": event.series.pk, "rule": event.series.rrule}
        )
    if event.dedupe_key:
        told.append(_("Its key is %(key)s: sent again, it is the same event.") % {"key": event.dedupe_key})
    return Step("accepted", words, event.created_at, told)


def _asked(event: Event, scope: Scope) -> Step:
    """Who was to hear of it, by its own list and by rules; and the rules that said no."""
    named = [_named(event, one) for one in contributors(event)]
    refused = list(unmatched(event))
    if scope.is_operator:
        refused += unmatched_operator(event)
    words = ngettext("%d rule did not apply", "%d rules did not apply", len(refused)) % len(refused)
    return Step("rules", _("Who was to hear of it"), None, named, refused, words)


def _named(event: Event, one: Contributor) -> str:
    """What names people, whom, and by which channels."""
    by = _("Its own list") if one.layer == "to" else f"{one.name} ({one.layer})".strip()
    whom = ", ".join(map(str, one.terms)) or (_("nobody") if not one.refs else _("places in the settings"))
    words = {"by": by, "whom": whom, "channels": ", ".join(str(channel_name(slug)) for slug in one.channels)}
    said = _("%(by)s: %(whom)s, by %(channels)s.") % words
    if one.sets:
        said += " " + _people(event, one)
    return f"{said} {one.note}".rstrip()


def _people(event: Event, one: Contributor) -> str:
    people, _missing = people_of(event, one)
    number = people.order_by()[: MOST_PEOPLE + 1].count()
    if number > MOST_PEOPLE:
        return _("Those are more than %(number)s people now.") % {"number": MOST_PEOPLE}
    return ngettext("That is %d person now.", "Those are %d people now.", number) % number


def _planned(event: Event, counts: Counts | None) -> Step:
    if event.state == EventState.EXPIRED:
        return Step("expired", _("Looked at, and not planned."), event.planned_at)
    if counts is None:
        return Step("planned", _("Planned."), event.planned_at)
    by_channel: dict[str, int] = defaultdict(int)
    for (channel, _state, _reason), number in counts.items():
        by_channel[channel] += number
    total, chunk = sum(by_channel.values()), conf.get("PLAN_CHUNK")
    words = ngettext("Planned: %d delivery.", "Planned: %d deliveries.", total) % total
    told = []
    if (most := max(by_channel.values(), default=0)) > chunk:
        told.append(_("In about %(number)s chunks of %(size)s people.")
                    % {"number": -(-most // chunk), "size": chunk})  # fmt: skip
    return Step("planned", words, event.planned_at, told)


def lanes(event: Event, counts: Counts) -> list[Lane]:
    """What came of it, channel by channel; with every attempt, where they are few."""
    by_channel: dict[str, Counts] = defaultdict(dict)
    for key, number in counts.items():
        by_channel[key[0]][key] = number
    passages = story.passages(event) if counts else {}
    tries = [attempt for passage in passages.values() for attempt in passage.tries]
    end = max((at for at, _outcome in tries), default=event.created_at)
    return [
        _lane(event, slug, of_one, passages.get(slug), end) for slug, of_one in sorted(by_channel.items())
    ]


def _lane(event: Event, slug: str, counts: Counts, passage: story.Passage | None, end: datetime) -> Lane:
    ordered = sorted(counts.items(), key=lambda pair: (_rank(pair[0][1]), pair[0][2]))
    totals: dict[str, int] = defaultdict(int)
    for (_channel, state, _reason), number in ordered:
        totals[state] += number
    shares = [
        (state, NAMES.get(state, state), str(label_of(Reason, reason)), number)
        for (_channel, state, reason), number in ordered
    ]
    lane = Lane(channel_name(slug), sum(totals.values()), plots.parts(totals.items()), shares)
    if passage is not None:
        lane.first, lane.last, lane.tries = passage.first, passage.last, len(passage.tries)
        begin = min([event.created_at, *(at for at, _outcome in passage.tries)])
        lane.dots = plots.dots([(outcome, at) for at, outcome in passage.tries], begin, end)
    return lane


def _rank(state: str) -> int:
    """What needs attention first; a state that a newer release wrote comes last."""
    known = [str(one) for one in ORDER]
    return known.index(state) if state in known else len(known)


def planning(event: Event) -> str:
    """How far the planning of a large event is, in words; "" where it is not being planned in chunks."""
    cursor = event.plan_cursor
    if event.state != EventState.PLANNING or not cursor or not cursor.get("after"):
        return ""
    one = contributors(event)[cursor["contributor"]]
    people, _missing = people_of(event, one)
    behind = people.filter(pk__lte=users.key_or_none(cursor["after"])).order_by()[:MOST_PLANNED].count()
    total = people.order_by()[:MOST_PLANNED].count()
    return _("Planned for %(number)s of about %(total)s people.") % {"number": behind, "total": total}
