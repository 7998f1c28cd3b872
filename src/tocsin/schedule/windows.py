"""Windows: is it a good moment, and if not, when is the next one? Pure: hours, zone and moment in, answer out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from tocsin.errors import FieldError, InvalidInput, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY
MOST_SPANS = 50
HORIZON = timedelta(days=14)
"""How far ahead an opening is looked for: a window that stays shut for longer is refused."""
_STEP = timedelta(hours=6)
"""No zone changes its clocks twice within it and back."""
_SECOND = timedelta(seconds=1)


class Span(NamedTuple):
    """From one time of day to another, on some days; half-open. An end at or before the start is past midnight."""

    days: frozenset[int]
    """0 is Monday: the days on which it begins."""
    start: int
    """Minutes after midnight, on the clock on the wall."""
    end: int
    """1440 is midnight at the end of the day."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When one may be told: within the spans, or with `quiet` outside them."""

    spans: tuple[Span, ...]
    quiet: bool = False

    def are_open(self, moment: datetime, zone: str) -> bool:
        """Whether an aware moment is a good one on the clocks of a zone."""
        return _is_open(self, moment.astimezone(_zone(zone)))

    def hold_at(self, day: int, minute: int) -> bool:
        """The same by the clock on the wall: a day from Monday, 0, and a minute after midnight."""
        return any(_covers(span, day, minute) for span in self.spans) is not self.quiet

    def opening(self, moment: datetime, zone: str) -> datetime | None:
        """The first good moment from `moment` on, in UTC; None where there is none within `HORIZON`."""
        return _first(self, moment, zone, wanted=True)

    def closing(self, moment: datetime, zone: str) -> datetime | None:
        """The first moment from `moment` on that is not a good one; None where there is none within `HORIZON`."""
        return _first(self, moment, zone, wanted=False)


def _first(hours: Hours, moment: datetime, zone: str, *, wanted: bool) -> datetime | None:
    """Nothing changes but where a span begins or ends, or where the clocks are changed: only those are looked at."""
    moment = moment.astimezone(UTC)
    if hours.are_open(moment, zone) is wanted:
        return moment
    local = _zone(zone)
    turns = sorted(turn for turn in _turns(hours, moment, local) if moment < turn <= moment + HORIZON)
    return next((turn for turn in turns if _is_open(hours, turn.astimezone(local)) is wanted), None)


def _is_open(hours: Hours, wall: datetime) -> bool:
    return hours.hold_at(wall.weekday(), wall.hour * 60 + wall.minute)


def _covers(span: Span, day: int, minute: int) -> bool:
    if span.end > span.start:
        return day in span.days and span.start <= minute < span.end
    return (day in span.days and minute >= span.start) or ((day - 1) % 7 in span.days and minute < span.end)


def _turns(hours: Hours, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    today = moment.astimezone(zone).date() - timedelta(days=2)
    times = {time % DAY for span in hours.spans for time in (span.start, span.end)}
    for count in range(HORIZON.days + 5):
        for time in times:
            yield from _moments(today + timedelta(days=count), time, zone)
    yield from _changes(moment, zone)


def _moments(day: date, time: int, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clock on the wall shows a time of a day: once, twice where it is set back, or never."""
    wall = datetime(day.year, day.month, day.day, time // 60, time % 60)  # noqa: DTZ001 (the zone is added)
    for fold in (0, 1):
        found = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None) == wall:
            yield found


def _changes(moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clocks of a zone are changed, to the second, within the horizon."""
    earlier, until = moment, moment + HORIZON
    while earlier < until:
        later = earlier + _STEP
        if _offset(earlier, zone) != _offset(later, zone):
            yield _change_between(earlier, later, zone)
        earlier = later


def _change_between(earlier: datetime, later: datetime, zone: ZoneInfo) -> datetime:
    before = _offset(earlier, zone)
    while later - earlier > _SECOND:
        middle = earlier + (later - earlier) // 2
        if _offset(middle, zone) == before:
            earlier = middle
        else:
            later = middle
    return later.replace(microsecond=0)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def parse_hours(given: object, field: str = "hours") -> Hours:
    """Hours of `{"open": [{"days": ["mon"], "from": "08:00", "to": "17:00"}]}`, or of "quiet" in place of "open".

    Raises `InvalidInput` with every error, by paths such as "hours.open.0.from".
    """
    if not isinstance(given, dict) or len(given) != 1 or not given.keys() <= {"open", "quiet"}:
        raise invalid(
            field, "must have either open or quiet.", 'Send {"quiet": [{"days": […], "from": …, "to": …}]}.'
        )
    [(kind, spans)] = given.items()
    if not isinstance(spans, list) or not 1 <= len(spans) <= MOST_SPANS:
        raise invalid(f"{field}.{kind}", f"must be a list of 1 to {MOST_SPANS}.", "Name days, from and to.")
    parsed: list[Span] = []
    errors: list[FieldError] = []
    for index, span in enumerate(spans):
        try:
            parsed.append(_span(span, f"{field}.{kind}.{index}"))
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    hours = Hours(tuple(parsed), quiet=kind == "quiet")
    if hours.quiet and _covered(hours) == WEEK:
        raise invalid(field, "never opens: the quiet hours are the whole week.", "Leave some time free.")
    return hours


def as_json(hours: Hours) -> dict[str, Any]:
    """What `parse_hours` takes."""
    spans = [
        {"days": [DAYS[day] for day in sorted(span.days)], "from": _text(span.start), "to": _text(span.end)}
        for span in hours.spans
    ]
    return {"quiet" if hours.quiet else "open": spans}


def _covered(hours: Hours) -> int:
    """How many minutes of the week are within the spans."""
    return sum(any(_covers(span, at // DAY, at % DAY) for span in hours.spans) for at in range(WEEK))


def _span(given: object, field: str) -> Span:
    if not isinstance(given, dict) or given.keys() != {"days", "from", "to"}:
        raise invalid(
            field, "must have days, from and to.", 'Send {"days": ["mon"], "from": "22:00", "to": "07:00"}.'
        )
    found: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, clean in (("days", _days), ("from", _time), ("to", _time)):
        try:
            found[name] = clean(given[name], f"{field}.{name}")
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    start, end = found["from"], found["to"]
    if start == DAY:
        raise invalid(f"{field}.from", "is the end of a day.", "Write 00:00 of the next day.")
    if start == end:
        raise invalid(
            f"{field}.to",
            "is the same as from: that is no time at all.",
            "Write 00:00 to 24:00 for a whole day.",
        )
    return Span(found["days"], start, end)


def _days(given: object, field: str) -> frozenset[int]:
    if not isinstance(given, list) or not given or any(day not in DAYS for day in given):
        raise invalid(field, "must be a list of days.", f"Choose from: {', '.join(DAYS)}.")
    return frozenset(map(DAYS.index, given))


def _time(given: object, field: str) -> int:
    """Minutes after midnight of "07:30"; 1440 for "24:00"."""
    hour, colon, minute = given.partition(":") if isinstance(given, str) else ("", "", "")
    if not (
        colon and len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()
    ):
        raise invalid(field, f"{str(given)[:20]!r} is no time of day.", "Write it as 07:30.")
    time = int(hour) * 60 + int(minute)
    if int(minute) > 59 or time > DAY:
        raise invalid(field, f"{str(given)[:20]!r} is no time of day.", "Write 00:00 to 24:00.")
    return time


def _text(time: int) -> str:
    return f"{time // 60:02}:{time % 60:02}"


def check_zone(given: object, field: str = "time_zone") -> str:
    """The name of a time zone, "" for none. Raises `InvalidInput`."""
    if given is None or given == "":
        return ""
    if isinstance(given, str) and _is_zone(given):
        return given
    raise invalid(field, f"{str(given)[:40]!r} is no time zone.", "Write one such as Europe/Oslo.")


def first_zone(*names: str) -> str:
    """The first of these that is a time zone, else the site's. A host's column may hold anything."""
    return next((name for name in names if name and _is_zone(name)), settings.TIME_ZONE)


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    try:
        _zone(name)
    except (ValueError, OSError, LookupError):
        return False
    return True
