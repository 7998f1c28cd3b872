"""Series: an event that comes again. Each occurrence is an event of its own, made when the one before it is due."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, connections, router, transaction

from tocsin import clock
from tocsin.errors import DedupeConflict, FieldError, InvalidInput, NotFound, invalid
from tocsin.events import accept
from tocsin.events.draft import Draft, clean_time, one_line
from tocsin.events.ids import number_of
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.levels import parse_level
from tocsin.schedule.models import Series, SeriesState
from tocsin.schedule.recurrence import LONGEST, Recurrence, parse_recurrence, recurrence_of
from tocsin.schedule.windows import check_zone
from tocsin.tenants.audit import note
from tocsin.vocabulary import label_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterable, Mapping

    from django.db.models import QuerySet

    from tocsin.schedule.recurrence import Occurrence

TIMING = ("rrule", "starts_at", "time_zone", "expires_after", "dedupe_key")
LONGEST_LIFE = timedelta(days=366)
LONGEST_PAST = timedelta(days=31)
BATCH = 200
"""Series in one transaction."""
MOST_MISSED = 10_000
"""Occurrences passed over in one step: a series that was long asleep catches up in several."""
_OF_SERIES = ("organization", "project", "type", "title", "about", "max_recipients")
_OF_OCCURRENCE = ("due_at", "expires_at", "dedupe_key", "series")


@dataclass(frozen=True, slots=True)
class Timing:
    """When a series happens, as it was checked."""

    recurrence: Recurrence
    starts_at: datetime
    expires_after: int | None
    dedupe_key: str | None
    given_start: str
    """Empty where none was given: then it is now, and not the same when the same is asked for again."""


def parse_timing(given: Mapping[str, Any]) -> Timing:
    """The rule of a series, its zone, start and life. Raises `InvalidInput` with every error."""
    errors: list[FieldError] = []

    def cleaned(name: str, clean: Callable[[Any], Any]) -> Any:
        try:
            return clean(given.get(name))
        except InvalidInput as error:
            errors.extend(error.errors)
            return None

    now = clock.now()
    zone = cleaned("time_zone", check_zone) or settings.TIME_ZONE
    starts = cleaned("starts_at", lambda value: _start(value, now)) or now.replace(second=0, microsecond=0)
    life = cleaned("expires_after", _life)
    key = cleaned("dedupe_key", lambda value: one_line("dedupe_key", value) or None)
    # Its own errors are told with the others; of a wrong zone it can say nothing of worth.
    recurrence = cleaned("rrule", lambda value: parse_recurrence(value, starts, zone))
    if not errors and _next(recurrence.first(), now) is None:
        errors.append(
            FieldError("rrule", "is over: it does not happen again.", "Give a later UNTIL or start.")
        )
    if errors:
        raise InvalidInput(*errors)
    return Timing(recurrence, starts, life, key, starts.isoformat() if given.get("starts_at") else "")


def _start(value: object, now: datetime) -> datetime | None:
    moment = clean_time("starts_at", value)
    if moment is not None and moment < now - LONGEST_PAST:
        raise invalid(
            "starts_at", f"{moment.isoformat()} is long past.", "Give a time within the last 31 days."
        )
    return moment


def _life(value: object) -> int | None:
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds != seconds // 1:
        raise invalid("expires_after", "must be a whole number of seconds.", "Give 3600 for an hour.")
    if not 60 <= seconds <= LONGEST_LIFE.total_seconds():
        raise invalid("expires_after", "is out of range.", "Give 60 seconds to 366 days.")
    return int(seconds)


def start(draft: Draft, timing: Timing, by: str) -> Series:
    """Store a series with its first occurrence, in the caller's transaction.

    Where an active one has the same dedupe key and content, that one. Raises `DedupeConflict` for other content.
    """
    try:
        with transaction.atomic(using=router.db_for_write(Series)):
            return _same(draft, timing) or _create(draft, timing, by)
    except IntegrityError:  # another caller was quicker with the same key
        found = _same(draft, timing)
        if found is None:
            raise
        return found


def _same(draft: Draft, timing: Timing) -> Series | None:
    if timing.dedupe_key is None:
        return None
    known: Series | None = Series.objects.filter(
        organization=draft.organization, dedupe_key=timing.dedupe_key, state=SeriesState.ACTIVE
    ).first()
    if known is not None and known.body_hash != _hash(draft, timing):
        raise DedupeConflict(timing.dedupe_key, str(known.pk))
    return known


def _create(draft: Draft, timing: Timing, by: str) -> Series:
    now = clock.now()
    first = _next(timing.recurrence.first(), now)
    assert first is not None, "parse_timing looked"  # noqa: S101
    made: Series = Series.objects.create(
        organization_id=draft.organization, project_id=draft.project, type=draft.type, title=draft.title,
        about=draft.about, max_recipients=draft.max_recipients, event=_kept(draft),
        rrule=timing.recurrence.text[:LONGEST], time_zone=timing.recurrence.zone, starts_at=timing.starts_at,
        expires_after=timing.expires_after, dedupe_key=timing.dedupe_key, body_hash=_hash(draft, timing),
        created_at=now, created_by=by[:200], latest_at=first.moment, latest_wall=first.wall.isoformat(),
        number=first.number,
    )  # fmt: skip
    accept.accept_all([_occurrence(made)])
    note(draft.organization, by, "series.start", f"series:{made.pk}", before={}, after=_said(made))
    return made


def _kept(draft: Draft) -> dict[str, Any]:
    fields = asdict(draft)
    kept = {name: fields[name] for name in fields if name not in (*_OF_SERIES, *_OF_OCCURRENCE)}
    kept["level"] = draft.level.slug
    return kept


def _hash(draft: Draft, timing: Timing) -> str:
    content = [asdict(draft), timing.recurrence.text, timing.recurrence.zone, timing.given_start,
               timing.expires_after]  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _said(series: Series) -> dict[str, Any]:
    return {"type": series.type, "title": series.title, "rrule": series.rrule, "time_zone": series.time_zone}


def _occurrence(series: Series) -> Draft:
    """The event that is due at `latest_at`."""
    kept = dict(series.event)
    life = series.expires_after
    return Draft(
        organization=series.organization_id, project=series.project_id, type=series.type, title=series.title,
        about=series.about, max_recipients=series.max_recipients, series=series.pk, due_at=series.latest_at,
        expires_at=None if life is None else series.latest_at + timedelta(seconds=life),
        level=parse_level(kept.pop("level")), to=tuple(kept.pop("to")), actions=tuple(kept.pop("actions")),
        **kept,
    )  # fmt: skip


def _next(found: Iterable[Occurrence], now: datetime) -> Occurrence | None:
    """The first that is not past. What was due this minute is not."""
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return next((one for one in found if one.moment >= minute), None)


def recur() -> int:
    """Make the next occurrence of every series of which the one before is due. Returns how many were made."""
    made = 0
    while True:
        taken, new = _recur_batch()
        made += new
        if taken < BATCH:
            return made


def _recur_batch() -> tuple[int, int]:
    alias = router.db_for_write(Series)
    due = Series.objects.filter(state=SeriesState.ACTIVE, latest_at__lte=clock.DatabaseNow())
    if not due.exists():
        return 0, 0
    skip = connections[alias].features.has_select_for_update_skip_locked
    with transaction.atomic(using=alias):
        rows = list(due.order_by("latest_at", "pk").select_for_update(skip_locked=skip)[:BATCH])
        now = clock.now()
        going = [series for series in rows if _advance(series, now)]
        accept.accept_all([_occurrence(series) for series in going])
    return len(rows), len(going)


def _advance(series: Series, now: datetime) -> bool:
    """Move a series on to its next occurrence. False where there is none, or none yet after those it missed."""
    recurrence = recurrence_of(series.rrule, series.starts_at, series.time_zone)
    wall = datetime.fromisoformat(series.latest_wall)
    comes = False
    for one in islice(recurrence.after(wall, series.number), MOST_MISSED):
        series.latest_at, series.latest_wall, series.number = one.moment, one.wall.isoformat(), one.number
        comes = one.moment > now
        if comes:
            break
        series.missed += 1
    if not comes and series.latest_wall == wall.isoformat():
        series.state, series.ended_at = SeriesState.ENDED, now
    series.save(update_fields=["latest_at", "latest_wall", "number", "missed", "state", "ended_at"])
    return comes


def end(found: QuerySet[Series], by: str) -> list[int]:
    """Let these series come to an end. Returns the keys of those that went on; their events are the caller's."""
    with transaction.atomic():
        active = list(found.filter(state=SeriesState.ACTIVE).select_for_update())
        keys = [series.pk for series in active]
        Series.objects.filter(pk__in=keys).update(state=SeriesState.CANCELLED, ended_at=clock.now())
        for series in active:
            note(
                series.organization_id,
                by,
                "series.cancel",
                f"series:{series.pk}",
                before=_said(series),
                after={},
            )
    return keys


def find(key: object, found: QuerySet[Series]) -> Series:
    """The series of a key. Raises `NotFound`."""
    number = number_of(str(key))
    series = None if number is None else found.filter(pk=number).first()
    if series is None:
        raise NotFound(f"There is no series {str(key)[:40]!r}.")
    return series


def as_json(found: Iterable[Series]) -> list[dict[str, Any]]:
    """Series as the API and the command line show them, with the occurrences that wait."""
    rows = list(found)
    waiting = Event.objects.filter(series__in=[series.pk for series in rows], state=EventState.WAITING)
    nexts = {
        series: (pk, due)
        for series, pk, due in waiting.order_by("-due_at").values_list("series", "pk", "due_at")
    }
    return [_as_json(series, *nexts.get(series.pk, (None, None))) for series in rows]


def _as_json(series: Series, next_event: uuid.UUID | None, next_at: datetime | None) -> dict[str, Any]:
    return {
        "id": str(series.pk),
        "organization": series.organization.slug,
        "project": series.project and series.project.slug,
        "type": series.type,
        "title": series.title,
        "about": series.about or None,
        "to": series.event["to"],
        "rrule": series.rrule,
        "time_zone": series.time_zone,
        "starts_at": series.starts_at.isoformat(),
        "expires_after": series.expires_after,
        "dedupe_key": series.dedupe_key,
        "created_at": series.created_at.isoformat(),
        "created_by": series.created_by,
        "state": series.state,
        "sentence": str(label_of(SeriesState, series.state)),
        "next_at": next_at and next_at.isoformat(),
        "next_event": next_event and str(next_event),
        "number": series.number,
        "missed": series.missed,
        "ended_at": series.ended_at and series.ended_at.isoformat(),
    }
