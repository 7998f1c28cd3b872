"""Recurrence: an RFC 5545 rule on the clock of a zone, checked when it is given, walked from the last on. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events.draft import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIELD = "rrule"
LONGEST = 300
EXAMPLE = "Write one such as FREQ=WEEKLY;BYDAY=MO."
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
DAY = r"(MO|TU|WE|TH|FR|SA|SU)"
_AGES = 7600
"""Years. The calendar repeats itself every 400: a rule is walked at the end of what Python counts, so that one which
never happens is known after 373 years and not after 8,000."""
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


class Occurrence(NamedTuple):
    """One of a series. `wall` is what the clock of the zone shows, `number` counts from 1."""

    wall: datetime
    number: int
    moment: datetime


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule that was checked."""

    text: str
    pattern: str
    """The text without its end."""
    zone: str
    start: datetime
    """On the clock of the zone."""
    count: int | None = None
    until: datetime | None = None

    def first(self) -> Iterator[Occurrence]:
        """All occurrences, in order; without an end unless the rule has one."""
        return self._from(self.start, 0, lambda wall: wall >= self.start)

    def after(self, wall: datetime, number: int) -> Iterator[Occurrence]:
        """Those that follow the one with this number: the walk begins there, however old the series is."""
        return self._from(wall, number, lambda other: other > wall)

    def _from(self, wall: datetime, number: int, wanted: Callable[[datetime], bool]) -> Iterator[Occurrence]:
        zone = ZoneInfo(self.zone)
        before = _moment(wall, zone) if number else None
        for found in rrulestr(self.pattern, dtstart=wall.replace(year=wall.year + _AGES)):
            other = found.replace(year=found.year - _AGES)
            if not wanted(other):
                continue
            number += 1
            moment = _moment(other, zone)
            if (self.count is not None and number > self.count) or moment >= LATEST:
                return
            if self.until is not None and moment > self.until:
                return
            # When the clocks go forward two may fall on one moment: an hour that is not there is an hour later.
            if before is None or moment > before:
                before = moment
                yield Occurrence(other, number, moment)


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """Of a time that comes twice the first; of one that never comes as much later, as RFC 5545 has it."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def parse_recurrence(given: object, start: datetime, zone: str) -> Recurrence:
    """The recurrence that a rule describes from an aware moment on. Raises `InvalidInput` with every error."""
    recurrence = recurrence_of(given, start, zone)
    try:
        happens = next(recurrence.first(), None) is not None
    except ValueError as error:  # a combination that dateutil itself sees through
        raise invalid(FIELD, f"cannot be: {str(error).rstrip('.')}.", EXAMPLE) from None
    if not happens:
        raise invalid(FIELD, "never happens.", "Look at its days, and at when it starts and ends.")
    return recurrence


def recurrence_of(given: object, start: datetime, zone: str) -> Recurrence:
    """The same, of a rule that is known to happen."""
    parts = _parts(given)
    errors: list[FieldError] = []
    kept: dict[str, str] = {}
    for name, value in parts.items():
        try:
            kept[name] = _clean(name, value, parts["FREQ"])
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    if "COUNT" in kept and "UNTIL" in kept:
        raise invalid(FIELD, "has both COUNT and UNTIL.", "Keep one of them.")
    wall = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    count, until = kept.pop("COUNT", None), kept.pop("UNTIL", None)
    return Recurrence(
        ";".join(f"{name}={value}" for name, value in parts.items()),
        ";".join(f"{name}={value}" for name, value in kept.items()),
        zone,
        wall,
        None if count is None else int(count),
        None if until is None else _until(until, zone),
    )


def _parts(given: object) -> dict[str, str]:
    if not isinstance(given, str) or not given.strip():
        raise invalid(FIELD, "is missing.", EXAMPLE)
    if len(given) > LONGEST:
        raise invalid(FIELD, f"has {len(given)} characters; {LONGEST} are the most.", EXAMPLE)
    text = given.strip().upper().removeprefix("RRULE:").rstrip(";")
    parts: dict[str, str] = {}
    for one in text.split(";"):
        name, equals, value = (part.strip() for part in one.partition("="))
        if not equals or not value or name in parts:
            raise invalid(FIELD, f"{one[:40]!a} cannot be read, or is there twice.", EXAMPLE)
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        said = "is too fast" if parts.get("FREQ") == "SECONDLY" else "has no FREQ that is known"
        raise invalid(FIELD, f"{said}.", f"Use one of: {', '.join(FREQUENCIES)}. MINUTELY is the fastest.")
    return parts


def _clean(name: str, value: str, frequency: str) -> str:
    if name == "BYSETPOS" and frequency not in ("YEARLY", "MONTHLY"):
        raise invalid(FIELD, "BYSETPOS goes with MONTHLY and YEARLY.", "Leave it out.")
    if name in _NUMBERS:
        least, most = _NUMBERS[name]
        if not re.fullmatch(r"[0-9]{1,6}", value) or not least <= int(value) <= most:
            raise invalid(FIELD, f"{name} must be from {least} to {most}.", EXAMPLE)
    elif name in _LISTS:
        _judge_list(name, value)
    elif name == "BYDAY":
        ordinal = r"([+-]?[1-9][0-9]?)?" if frequency in ("YEARLY", "MONTHLY") else ""
        if not re.fullmatch(f"{ordinal}{DAY}(,{ordinal}{DAY})*", value):
            remedy = "Write MO,WE,FR; with MONTHLY and YEARLY also 2TU or -1FR."
            raise invalid(FIELD, f"BYDAY does not take {value[:40]!a} here.", remedy)
    elif name == "WKST" and not re.fullmatch(DAY, value):
        raise invalid(FIELD, "WKST must be a day, such as MO.", EXAMPLE)
    elif name == "UNTIL":
        _until(value, "UTC")
    elif name not in PARTS:
        raise invalid(FIELD, f"{name[:40]!a} is no part that is known.", f"Known are: {', '.join(PARTS)}.")
    return value


def _judge_list(name: str, value: str) -> None:
    least, most = _LISTS[name]
    backwards = name in _BACKWARDS
    for one in value.split(","):
        fits = re.fullmatch(r"[+-]?[0-9]{1,3}", one) and least <= abs(int(one)) <= most
        if not fits or (int(one) < 0 and not backwards):
            also = f", or from -{most} to -1" if backwards else ""
            raise invalid(FIELD, f"{name} takes numbers from {least} to {most}{also}.", EXAMPLE)


_NUMBERS = {"INTERVAL": (1, 10_000), "COUNT": (1, 100_000)}
_LISTS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYSETPOS": (1, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
}
_BACKWARDS = ("BYMONTHDAY", "BYSETPOS")
PARTS = ("FREQ", *_NUMBERS, "UNTIL", "BYDAY", *_LISTS, "WKST")


def _until(value: str, zone: str) -> datetime:
    """The last moment at which it may happen: a day is meant with its evening."""
    found = _UNTIL.fullmatch(value)
    try:
        if found is None:
            raise ValueError
        day = datetime.strptime(found[1], "%Y%m%d").date()  # noqa: DTZ007 (the zone is added)
        clock = datetime.strptime(found[2], "%H%M%S").time() if found[2] else time.max  # noqa: DTZ007
        moment = datetime.combine(day, clock, UTC if found[3] else ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid(
            FIELD, f"UNTIL {value[:20]!a} is no time.", "Write 20301231 or 20301231T090000Z."
        ) from None
    if moment >= LATEST:
        raise invalid(FIELD, "UNTIL is out of range.", "Give a time before the year 2200.")
    return moment
