"""Hours in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils.translation import override

from tocsin.schedule.windows import DAYS
from tocsin.schedule.words import hours_in_words, time_in_words


def span(days, start="22:00", end="07:00") -> dict:
    return {"days": list(days), "from": start, "to": end}


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"quiet": [span(DAYS)]}, "not Mon–Sun 22:00–07:00"),
        ({"open": [span(DAYS[:5], "08:00", "17:00")]}, "only Mon–Fri 08:00–17:00"),
        ({"open": [span(["mon", "tue", "thu"])]}, "only Mon, Tue, Thu 22:00–07:00"),
        ({"quiet": [span(["sat"], "00:00", "24:00"), span(["sun", "mon", "tue", "wed", "fri"])]},
         "not Sat 00:00–24:00, Mon–Wed, Fri, Sun 22:00–07:00"),
        ({"open": [span(["sun"])] * 9}, "only " + "Sun 22:00–07:00, " * 5 + "…"),
    ],
)  # fmt: skip
def test_hours(hours, said) -> None:
    assert hours_in_words(hours) == said


def test_times_are_on_the_clock_of_the_zone_and_in_the_readers_tongue() -> None:
    moment = datetime(2026, 11, 21, 6, tzinfo=UTC)
    assert time_in_words(moment, "Europe/Oslo") == "Sat 2026-11-21 07:00 (Europe/Oslo)"
    with override("fr"):
        assert time_in_words(moment, "UTC") == "sam 2026-11-21 06:00 (UTC)"
