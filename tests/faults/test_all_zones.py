"""Windows and series in every zone there is, around the changes of its clocks: for `make faults`."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from tests.schedule.walker import MINUTE, walk, week_of
from tocsin.schedule.recurrence import parse_recurrence
from tocsin.schedule.windows import DAYS, parse_hours

IS_LONG = "TOCSIN_LONG" in os.environ
pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not IS_LONG, reason="takes minutes: make faults runs it"),
]

BEGIN, END, STEP = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC), timedelta(hours=6)
MOST_CHANGES = 6
ZONES = sorted(available_timezones()) if IS_LONG else ["all of them"]


def changes(zone: ZoneInfo) -> list[datetime]:
    """Moments shortly before the clocks of a zone are changed, and one where nothing happens."""
    found = [BEGIN + timedelta(days=150)]
    moment, offset = BEGIN, BEGIN.astimezone(zone).utcoffset()
    while moment < END and len(found) <= MOST_CHANGES:
        later = moment + STEP
        other = later.astimezone(zone).utcoffset()
        if other != offset:
            found.append(moment)
        moment, offset = later, other
    return found


def some_hours(dice: random.Random) -> dict:
    def span() -> dict:
        start = dice.choice([0, 60, 120, 150, 180, 1380, dice.randrange(1440)])
        end = (start + dice.randrange(1, 1440)) % 1440
        days = sorted(dice.sample(DAYS, dice.randint(1, 7)), key=DAYS.index)
        return {
            "days": days,
            "from": f"{start // 60:02}:{start % 60:02}",
            "to": f"{end // 60:02}:{end % 60:02}",
        }

    return {dice.choice(["open", "quiet"]): [span() for _ in range(dice.randint(1, 3))]}


@pytest.mark.parametrize("name", ZONES)
def test_windows_are_what_a_walker_finds(name) -> None:
    dice = random.Random(name)
    for moment in changes(ZoneInfo(name)):
        given = some_hours(dice)
        if not week_of(given):
            continue
        at = moment - dice.randrange(3 * 1440) * MINUTE
        window = parse_hours(given)
        assert window.opening(at, name) == walk(given, at, name), (given, at)
        assert window.closing(at, name) == walk(given, at, name, wanted=False), (given, at)


@pytest.mark.parametrize("name", ZONES)
def test_series_keep_to_the_clock_on_the_wall(name) -> None:
    zone = ZoneInfo(name)
    for rule in ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "FREQ=HOURLY;INTERVAL=5;BYMINUTE=0,30"):
        found = list(islice(parse_recurrence(rule, BEGIN, name).first(), 1500))
        for one, other in pairwise(found):
            assert one.moment < other.moment
        for one in found:
            local = one.moment.astimezone(zone).replace(tzinfo=None)
            skipped = (
                one.wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
                != one.wall
            )
            assert local == one.wall or (skipped and local > one.wall), one
