"""The oracle of windows: it reads hours by itself, and walks minute by minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.schedule.windows import DAYS, HORIZON

MINUTE = timedelta(minutes=1)


def week_of(given: dict) -> set[tuple[str, int]]:
    """The oracle's own reading: every (day, minute) of the week in which one may be told."""
    [(kind, many)] = given.items()
    inside = set()
    for span in many:
        (start, end) = (int(text[:2]) * 60 + int(text[3:]) for text in (span["from"], span["to"]))
        for day in span["days"]:
            for at in range(start, end if end > start else end + 1440):
                inside.add((DAYS[(DAYS.index(day) + at // 1440) % 7], at % 1440))
    every = {(day, minute) for day in DAYS for minute in range(1440)}
    return inside if kind == "open" else every - inside


def walk(given: dict, moment: datetime, zone: str, *, wanted: bool = True) -> datetime | None:
    """Minute by minute, from a whole minute on."""
    week, local = week_of(given), ZoneInfo(zone)
    for count in range(int(HORIZON / MINUTE) + 1):
        wall = (moment + count * MINUTE).astimezone(local)
        if ((DAYS[wall.weekday()], wall.hour * 60 + wall.minute) in week) is wanted:
            return moment + count * MINUTE
    return None
