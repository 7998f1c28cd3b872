"""Rules of RFC 5545 on the clocks of zones: what is refused, and that a walk may begin anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.schedule.recurrence import PARTS, parse_recurrence, recurrence_of

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
"""A Saturday, nine o'clock in Oslo."""


def walls(rule: str, start: datetime = START, zone: str = "Europe/Oslo", count: int = 4) -> list[str]:
    found = parse_recurrence(rule, start, zone).first()
    return [one.wall.isoformat(" ", "minutes") for one in islice(found, count)]


def moments(rule: str, start: datetime, zone: str, count: int) -> list[str]:
    return [
        one.moment.isoformat(" ", "minutes")[:16]
        for one in islice(parse_recurrence(rule, start, zone).first(), count)
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY", ["2026-11-21 09:00", "2026-11-22 09:00"]),
        ("RRULE:freq=weekly;byday=mo", ["2026-11-23 09:00", "2026-11-30 09:00"]),
        ("FREQ=WEEKLY;INTERVAL=2", ["2026-11-21 09:00", "2026-12-05 09:00"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["2026-11-27 09:00", "2026-12-25 09:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-11-30 09:00", "2026-12-31 09:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-12-31 09:00", "2027-01-31 09:00"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2026-11-30 09:00", "2026-12-31 09:00"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29 09:00", "2032-02-29 09:00"]),
        ("FREQ=DAILY;BYHOUR=8,17;BYMINUTE=30", ["2026-11-21 17:30", "2026-11-22 08:30"]),
        ("FREQ=HOURLY;BYDAY=MO;BYHOUR=9,10", ["2026-11-23 09:00", "2026-11-23 10:00"]),
        ("FREQ=MINUTELY;INTERVAL=90", ["2026-11-21 09:00", "2026-11-21 10:30"]),
        ("FREQ=DAILY;COUNT=1", ["2026-11-21 09:00"]),
        ("FREQ=DAILY;UNTIL=20261121", ["2026-11-21 09:00"]),
        ("FREQ=DAILY;UNTIL=20261122T080000Z", ["2026-11-21 09:00", "2026-11-22 09:00"]),
        ("FREQ=DAILY;UNTIL=20261122T075959Z", ["2026-11-21 09:00"]),
        ("FREQ=DAILY;UNTIL=20261122T085959", ["2026-11-21 09:00"]),
    ],
)
def test_it_happens_on_the_clock_of_its_zone(rule, expected) -> None:
    assert walls(rule, count=2) == expected


REFUSED = [
    (None, "is missing"), ("", "is missing"), (7, "is missing"), ("weekly", "cannot be read"),
    ("FREQ=DAILY;FREQ=DAILY", "there twice"), ("FREQ=DAILY;BYDAY=", "cannot be read"),
    ("FREQ=SECONDLY", "too fast"), ("FREQ=SECONDLY;COUNT=3", "too fast"), ("BYDAY=MO", "no FREQ"),
    ("FREQ=FORTNIGHTLY", "no FREQ"), ("FREQ=DAILY;BYSECOND=1,2", "no part that is known"),
    ("FREQ=DAILY;BYEASTER=1", "no part that is known"), ("FREQ=DAILY;INTERVAL=0", "from 1 to 10000"),
    ("FREQ=DAILY;INTERVAL=-1", "from 1 to"), ("FREQ=DAILY;INTERVAL=٣", "from 1 to"),
    ("FREQ=DAILY;COUNT=0", "from 1 to"), ("FREQ=DAILY;COUNT=9999999", "from 1 to"),
    ("FREQ=DAILY;COUNT=2;UNTIL=20301231", "both COUNT and UNTIL"), ("FREQ=DAILY;UNTIL=tomorrow", "is no time"),
    ("FREQ=DAILY;UNTIL=20261301", "is no time"), ("FREQ=DAILY;UNTIL=99991231T235959Z", "out of range"),
    ("FREQ=DAILY;UNTIL=00010101T000000", "never happens"), ("FREQ=DAILY;UNTIL=20200101", "never happens"),
    ("FREQ=DAILY;BYHOUR=24", "from 0 to 23"), ("FREQ=DAILY;BYHOUR=-1", "from 0 to 23"),
    ("FREQ=DAILY;BYMINUTE=x", "from 0 to 59"), ("FREQ=MONTHLY;BYMONTHDAY=0", "-31 to -1"),
    ("FREQ=WEEKLY;BYDAY=2MO", "does not take"), ("FREQ=WEEKLY;BYDAY=MOO", "does not take"),
    ("FREQ=MONTHLY;BYDAY=0MO", "does not take"), ("FREQ=WEEKLY;WKST=1", "WKST must be"),
    ("FREQ=DAILY;BYSETPOS=1", "goes with"), ("FREQ=MINUTELY;INTERVAL=1440;BYHOUR=3", "cannot be"),
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never happens"),
    ("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", "never happens"),
    ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "never happens"), ("FREQ=HOURLY;INTERVAL=168;BYDAY=TU", "never happens"),
    ("FREQ=YEARLY;BYDAY=54MO", "never happens"), ("FREQ=YEARLY;BYDAY=MO;BYSETPOS=60", "never happens"),
    ("FREQ=DAILY;" + "BYHOUR=1," * 99, "300 are the most"), ("FREQ=DAILY;X\x00=1", "no part that is known"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "said"), REFUSED, ids=[repr(rule)[:40] for rule, _ in REFUSED])
def test_what_cannot_be_is_refused_with_the_remedy(rule, said) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_recurrence(rule, START, "UTC")
    [error] = refused.value.errors
    assert (error.field, said in error.message or said in error.remedy) == ("rrule", True)
    assert error.remedy
    assert str(error).isprintable()


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_recurrence("FREQ=DAILY;INTERVAL=0;BYHOUR=99;COLOUR=RED", START, "UTC")
    assert len(refused.value.errors) == 3


def test_a_time_that_the_clock_skips_is_an_hour_later_and_the_next_day_is_as_ever() -> None:
    found = moments("FREQ=DAILY", datetime(2026, 3, 28, 1, 30, tzinfo=UTC), "Europe/Oslo", 3)
    assert found == ["2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 00:30"]


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    found = moments("FREQ=DAILY", datetime(2026, 10, 24, 0, 30, tzinfo=UTC), "Europe/Oslo", 3)
    assert found == ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]


def test_no_two_fall_on_one_moment_when_the_clocks_go_forward() -> None:
    found = moments("FREQ=MINUTELY;INTERVAL=30", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "Europe/Oslo", 5)
    assert found == [f"2026-03-29 {time}" for time in ("00:30", "01:00", "01:30", "02:00", "02:30")]


def test_a_day_that_never_was_falls_on_the_next_and_is_told_once() -> None:
    found = moments("FREQ=DAILY", datetime(2011, 12, 28, 20, tzinfo=UTC), "Pacific/Apia", 4)
    assert found == [f"2011-12-{day} 20:00" for day in (28, 29, 30, 31)]


zones = st.sampled_from(
    ["UTC", "Europe/Oslo", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Gaza", "Europe/Dublin",
     "Pacific/Kiritimati", "America/St_Johns"]
)  # fmt: skip
lists = {
    "BYMONTH": st.integers(1, 12), "BYMONTHDAY": st.integers(1, 28), "BYHOUR": st.integers(0, 23),
    "BYMINUTE": st.integers(0, 59), "BYDAY": st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]),
}  # fmt: skip


@st.composite
def rules(draw) -> str:
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 5))}"]
    for name in draw(st.sets(st.sampled_from(sorted(lists)), max_size=2)):
        values = draw(st.lists(lists[name], min_size=1, max_size=3, unique=True))
        parts.append(f"{name}={','.join(map(str, values))}")
    return ";".join(parts)


starts = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


@given(rules(), starts, zones)
@settings(max_examples=150, deadline=None)
def test_a_walk_may_begin_anywhere(rule, start, zone) -> None:
    """The next one is found from the last alone, and all are those of the library from the start."""
    try:
        recurrence = parse_recurrence(rule, start, zone)
    except InvalidInput:
        return
    found = list(islice(recurrence.first(), 12))
    local = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    expected = list(islice(rrulestr(rule, dtstart=local), found[-1].number))
    assert {one.wall for one in found} <= set(expected)
    assert all(expected[one.number - 1] == one.wall for one in found)
    for one, other in pairwise(found):
        assert next(recurrence_of(rule, start, zone).after(one.wall, one.number)) == other
        assert other.moment - one.moment >= timedelta(minutes=1)


def test_an_end_by_number_is_kept_wherever_the_walk_begins() -> None:
    recurrence = parse_recurrence("FREQ=DAILY;COUNT=3", START, "UTC")
    first, second, third = recurrence.first()
    assert list(recurrence.after(first.wall, first.number)) == [second, third]
    assert list(recurrence.after(third.wall, third.number)) == []


def test_every_part_that_is_known_is_read() -> None:
    assert set(PARTS) == {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS", *lists}
