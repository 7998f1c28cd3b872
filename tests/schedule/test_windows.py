"""Windows on hard zones and random hours, held against a walker that looks at every minute."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schedule.walker import MINUTE, walk, week_of
from tocsin.errors import InvalidInput
from tocsin.schedule.windows import DAYS, as_json, parse_hours

HARD = (
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 10, tzinfo=UTC)),  # half an hour back
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 10, tzinfo=UTC)),
    ("Pacific/Kiritimati", datetime(1994, 12, 28, tzinfo=UTC)),  # a day that never was
    ("Pacific/Apia", datetime(2011, 12, 27, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 10, tzinfo=UTC)),  # back for Ramadan, and on again
    ("Africa/Casablanca", datetime(2026, 3, 15, tzinfo=UTC)),
    ("Asia/Gaza", datetime(2026, 3, 20, tzinfo=UTC)),
    ("Asia/Gaza", datetime(2026, 10, 20, tzinfo=UTC)),
    ("Europe/Dublin", datetime(2026, 3, 25, tzinfo=UTC)),  # winter is the exception there
    ("Europe/Dublin", datetime(2026, 10, 20, tzinfo=UTC)),
    ("America/St_Johns", datetime(2006, 10, 25, tzinfo=UTC)),  # at one minute past midnight
    ("Asia/Kathmandu", datetime(2026, 1, 1, tzinfo=UTC)),
    ("Europe/Oslo", datetime(2026, 3, 27, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 30, tzinfo=UTC)),
    ("UTC", datetime(2026, 6, 1, tzinfo=UTC)),
)


def time_of(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


times = st.one_of(st.sampled_from([0, 1, 119, 120, 121, 150, 180, 1439]), st.integers(0, 1439))
spans = st.builds(
    lambda days, start, length: {
        "days": sorted(days, key=DAYS.index), "from": time_of(start), "to": time_of((start + length) % 1440),
    },
    st.sets(st.sampled_from(DAYS), min_size=1), times, st.integers(1, 1439),
)  # fmt: skip
hours = st.builds(
    lambda kind, many: {kind: many},
    st.sampled_from(["open", "quiet"]),
    st.lists(spans, min_size=1, max_size=3),
)


def parsed(given: dict):
    """The hours; None where they never open, which must be refused."""
    if week_of(given):
        return parse_hours(given)
    with pytest.raises(InvalidInput, match="the whole week"):
        parse_hours(given)
    return None


@settings(max_examples=120, deadline=None)
@given(hours, st.sampled_from(HARD), st.integers(0, 7 * 1440))
def test_an_opening_is_what_a_walker_finds(given, place, later) -> None:
    zone, moment = place
    moment += later * MINUTE
    if (window := parsed(given)) is None:
        return
    assert window.opening(moment, zone) == walk(given, moment, zone)
    assert window.closing(moment, zone) == walk(given, moment, zone, wanted=False)
    assert window.are_open(moment, zone) is (walk(given, moment, zone) == moment)


@settings(max_examples=200, deadline=None)
@given(hours)
def test_hours_are_written_as_they_were_read(given) -> None:
    if (window := parsed(given)) is not None:
        assert parse_hours(as_json(window)) == window


OFFICE = {"open": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "17:00"}]}
NIGHT = {"quiet": [{"days": list(DAYS), "from": "22:00", "to": "07:00"}]}


@pytest.mark.parametrize(
    ("given", "moment", "zone", "opens"),
    [
        (OFFICE, "2026-11-20T17:00:00+01:00", "Europe/Oslo", "2026-11-23T08:00:00+01:00"),  # half-open
        (OFFICE, "2026-11-20T16:59:59.999999+01:00", "Europe/Oslo", "2026-11-20T16:59:59.999999+01:00"),
        (OFFICE, "2026-11-20T17:00:00+01:00", "America/New_York", "2026-11-20T17:00:00+01:00"),
        (NIGHT, "2026-11-20T22:00:00+01:00", "Europe/Oslo", "2026-11-21T07:00:00+01:00"),
        (NIGHT, "2026-11-21T06:59:59+01:00", "Europe/Oslo", "2026-11-21T07:00:00+01:00"),
        (NIGHT, "2026-11-21T07:00:00+01:00", "Europe/Oslo", "2026-11-21T07:00:00+01:00"),
    ],
)  # fmt: skip
def test_windows_are_half_open_and_go_over_midnight(given, moment, zone, opens) -> None:
    assert parse_hours(given).opening(datetime.fromisoformat(moment), zone) == datetime.fromisoformat(opens)


def test_an_hour_that_the_clocks_leave_out_opens_when_it_next_exists() -> None:
    early = parse_hours({"open": [{"days": ["sun"], "from": "02:15", "to": "02:45"}]})
    skipped = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # Oslo goes from 02:00 to 03:00 at 01:00 UTC
    assert early.opening(skipped, "Europe/Oslo") == datetime(2026, 4, 5, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "zone", "moment", "opens"),
    [
        (("sun", "02:30", "04:00"), "Europe/Oslo", "2026-03-28T20:00:00Z", "2026-03-29T01:00:00Z"),
        (("fri", "12:00", "02:00"), "Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z"),
        (("sun", "02:10", "03:00"), "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z"),
    ],
)
def test_clocks_that_jump_into_a_window_open_it(span, zone, moment, opens) -> None:
    day, start, end = span
    window = parse_hours({"open": [{"days": [day], "from": start, "to": end}]})
    assert window.opening(datetime.fromisoformat(moment), zone) == datetime.fromisoformat(opens)


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    early = parse_hours({"open": [{"days": ["sun"], "from": "02:15", "to": "02:45"}]})
    first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    assert early.opening(first - MINUTE, "Europe/Oslo") == first
    assert early.opening(first + 30 * MINUTE, "Europe/Oslo") == first + 60 * MINUTE


SPAN = {"days": ["mon"], "from": "08:00", "to": "09:00"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (None, "hours"),
        ({}, "hours"),
        ({"open": [SPAN], "quiet": [SPAN]}, "hours"),
        ({"shut": [SPAN]}, "hours"),
        ({"open": []}, "hours.open"),
        ({"open": [SPAN] * 51}, "hours.open"),
        ({"open": [[]]}, "hours.open.0"),
        ({"open": [SPAN, {**SPAN, "till": "x"}]}, "hours.open.1"),
        ({"open": [{**SPAN, "days": []}]}, "hours.open.0.days"),
        ({"open": [{**SPAN, "days": ["Monday"]}]}, "hours.open.0.days"),
        ({"open": [{**SPAN, "days": [[]]}]}, "hours.open.0.days"),
        ({"open": [{**SPAN, "from": "8:00"}]}, "hours.open.0.from"),
        ({"open": [{**SPAN, "from": "08:60"}]}, "hours.open.0.from"),
        ({"open": [{**SPAN, "from": "24:00"}]}, "hours.open.0.from"),
        ({"open": [{**SPAN, "to": "24:01"}]}, "hours.open.0.to"),
        ({"open": [{**SPAN, "to": 900}]}, "hours.open.0.to"),
        ({"open": [{**SPAN, "to": "\u0660\u0668:\u0660\u0660"}]}, "hours.open.0.to"),
        ({"open": [{**SPAN, "to": "08:00"}]}, "hours.open.0.to"),
        ({"quiet": [{"days": list(DAYS), "from": "00:00", "to": "24:00"}]}, "hours"),
    ],
)
def test_hours_that_cannot_be_are_refused(given, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_hours(given)
    [error] = refused.value.errors
    assert error.field == field
    assert error.remedy


def test_every_error_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_hours({"open": [{"days": [], "from": "x", "to": "y"}, {**SPAN, "to": "08:00"}]})
    assert [error.field for error in refused.value.errors] == [
        "hours.open.0.days", "hours.open.0.from", "hours.open.0.to", "hours.open.1.to",
    ]  # fmt: skip
