"""What would come of an event: it is planned for real, judged as if it were sent, read, and rolled back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import router, transaction

from tocsin import clock
from tocsin.channels import registry
from tocsin.deliveries import plan, story
from tocsin.deliveries.claim import COLUMNS, Claimed
from tocsin.deliveries.contributors import subjects_of, take
from tocsin.deliveries.decisions import decisions_with, sentence_of
from tocsin.deliveries.judge import Verdict
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.prepare import NOBODY, look_around, prepare
from tocsin.deliveries.states import READY, Reason, State
from tocsin.deliveries.waits import closed, in_full
from tocsin.events.ids import uuid7
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.rules.match import matching
from tocsin.rules.operator import matching_operator
from tocsin.tenants.scope import OPERATOR
from tocsin.vocabulary import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tocsin.deliveries.decisions import Said
    from tocsin.events.draft import Draft
    from tocsin.rules.match import RuleDraft

MOST_SHOWN = 1000
STORED = tuple(name for name in COLUMNS if name != "age")


class Told(NamedTuple):
    """What one person or address would get on one channel, or why nothing."""

    user: str
    """The person's key; empty for an address of nobody."""
    name: str
    channel: str
    address: str
    state: str
    """sent for what would be sent at once."""
    reason: str
    sentence: str
    layer: str
    until: str
    """When what is deferred would be looked at again."""

    @property
    def subject(self) -> tuple[str, ...]:
        """What two simulations are compared by."""
        return (self.user, self.channel, self.address or self.name, self.state)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Who would be told, by what and why; and what the drafts change."""

    sentence: str
    """What would become of the event itself."""
    told: tuple[Told, ...]
    rules: tuple[Said, ...]
    added: tuple[Told, ...] = ()
    removed: tuple[Told, ...] = ()
    truncated: bool = False
    """An audience has more people than one chunk of planning: these are the first."""

    def as_json(self, most: int = MOST_SHOWN) -> dict[str, Any]:
        """For the API and `--json`: at most so many of each, and how many there are."""
        counts = Counter((one.channel, one.state, one.reason) for one in self.told)
        return {
            "sentence": self.sentence,
            "told": [one._asdict() for one in self.told[:most]],
            "rules": [one._asdict() for one in self.rules],
            "added": [one._asdict() for one in self.added[:most]],
            "removed": [one._asdict() for one in self.removed[:most]],
            "counts": [
                {"channel": channel, "state": state, "reason": reason, "number": number}
                for (channel, state, reason), number in sorted(counts.items())
            ],
            "truncated": self.truncated or max(map(len, (self.told, self.added, self.removed))) > most,
        }


def simulate(draft: Draft, at: datetime, drafts: Sequence[RuleDraft] = ()) -> Simulation:
    """What would come of an event that is accepted at `at`, when it is due, with these drafts of rules.

    Nothing stays of it. Of an audience of more people than PLAN_CHUNK these are the first.
    """
    moment = max(at, draft.due_at or at)
    with clock.supposing(moment):
        made = _rolled_back(draft, moment, drafts)
        if not drafts:
            return made
        today = _rolled_back(draft, moment, ())
    now, before = {one.subject for one in made.told}, {one.subject for one in today.told}
    return replace(
        made,
        added=tuple(one for one in made.told if one.subject not in before),
        removed=tuple(one for one in today.told if one.subject not in now),
        truncated=made.truncated or today.truncated,
    )


class _Undo(Exception):
    """Ends the transaction of a simulation, with what was seen in it."""

    def __init__(self, seen: Simulation) -> None:
        super().__init__()
        self.seen = seen


def _rolled_back(draft: Draft, moment: datetime, drafts: Sequence[RuleDraft]) -> Simulation:
    alias = router.db_for_write(Event)
    try:
        with transaction.atomic(using=alias):
            raise _Undo(_carried_out(draft, moment, drafts))
    except _Undo as undo:
        return undo.seen


def _carried_out(draft: Draft, moment: datetime, drafts: Sequence[RuleDraft]) -> Simulation:
    event = _stored(draft, moment)
    [subject] = subjects_of([event])
    [rules] = matching([subject], drafts)
    take(event, rules, matching_operator(subject))
    cut = plan.plan_first_chunks(event)
    event.refresh_from_db(fields=["state", "reason", "detail"])
    said = decisions_with(event, subject, rules, drafts)
    return Simulation(sentence_of(event), tuple(_told(event)), tuple(said), truncated=cut)


def _stored(draft: Draft, moment: datetime) -> Event:
    names = {field.name for field in fields(draft)} - {"organization", "project", "due_at", "dedupe_key"}
    event: Event = Event.objects.create(
        pk=uuid7(), organization_id=draft.organization, project_id=draft.project, priority=draft.level.priority,
        due_at=moment, created_at=moment, body_hash="", state=EventState.PLANNING, fence=1,
        **{name: getattr(draft, name) for name in names},
    )  # fmt: skip
    return event


def _told(event: Event) -> Iterator[Told]:
    verdicts = _verdicts(event)
    for line in _lines(event):
        verdict, waits = verdicts.get(line.id, (None, ""))
        state, reason = (verdict.state, verdict.reason) if verdict else (line.state, line.reason)
        if verdict is None and state in READY:
            state = State.SENT
        words = [] if state == State.SENT else [str(label_of(State, state))]
        words += [str(label_of(Reason, reason))] if reason else []
        words += [waits] if waits else []
        until = verdict.until.isoformat() if verdict and verdict.until else ""
        yield Told(
            "" if line.user_id is None else str(line.user_id), line.label, line.channel, line.address,
            str(state), str(reason), " ".join(words), line.layer, until,
        )  # fmt: skip


def _lines(event: Event) -> Iterable[story.Line]:
    found: list[story.Line] = []
    after = ""
    while True:
        page = story.lines(OPERATOR, event=event.pk, after=after, limit=story.MAX_LIMIT)
        found += page.items
        if not page.next:
            return sorted(found, key=lambda line: (line.label or line.address, line.channel, line.id))
        after = page.next


def _verdicts(event: Event) -> dict[str, tuple[Verdict, str]]:
    """The last look before sending, at everything that would be sent; of what waits for which hours, in words."""
    verdicts = {}
    ready = Delivery.objects.filter(event=event.pk, state__in=READY)
    for slug in set(ready.values_list("channel", flat=True)):
        channel = registry.carrier(slug)
        rows = [
            Claimed(**dict(zip(STORED, row, strict=True)), age=0.0)
            for row in ready.filter(channel=slug).values_list(*STORED)
        ]
        around = look_around(channel, rows)
        for row in rows:
            made = prepare(channel, row, around)
            if isinstance(made, Verdict):
                known = around.people.get(row.user_id, NOBODY)
                waits = (
                    closed(around.events[row.event_id], known, slug, row.layer, around.now)
                    if made.until
                    else ()
                )
                verdicts[f"d{row.id}"] = made, in_full(waits)
    return verdicts
