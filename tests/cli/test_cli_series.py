"""`tocsin series`: what comes again is made, listed and ended from the shell."""

from __future__ import annotations

import json

import pytest

from tocsin.events.models import Event
from tocsin.schedule.models import Series

pytestmark = pytest.mark.django_db

RULE = ("--rrule", "FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "--zone", "Europe/Oslo")


def test_it_is_made_listed_and_ended(invoke, django_user_model) -> None:
    django_user_model.objects.create_user("ana")
    made = invoke(
        "series", "add", "drill", "--title", "Stand-up", *RULE, "--to", "user:ana", "--body", "-",
        "--expires-after", "30m", "--about", "room/7", "--data", '{"n": 1}', stdin="**now**",
    ).stdout.strip()  # fmt: skip
    series = Series.objects.get(pk=made)
    event = Event.objects.get()
    assert (event.body, event.data, event.about) == ("**now**", {"n": 1}, "room/7")
    assert (series.expires_after, series.time_zone) == (1800, "Europe/Oslo")
    shown = invoke("series", "list").stdout
    assert shown.split("\t")[:2] == [made, "active"]
    assert "Stand-up" in shown
    [row] = json.loads(invoke("series", "list", "--about", "room/7", "--json").stdout)
    assert (row["id"], row["next_event"]) == (made, str(event.pk))
    assert "is over; 1 that waited" in invoke("series", "cancel", made).stdout
    assert "Nothing comes again" in invoke("series", "list").stderr
    assert json.loads(invoke("series", "list", "--all", "--json").stdout)[0]["state"] == "cancelled"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rrule", "FREQ=SECONDLY"), "MINUTELY is the fastest"),
        (("--rrule", "FREQ=DAILY", "--zone", "Mars"), "is no time zone"),
        (("--rrule", "FREQ=DAILY", "--start", "2026-01-01T00:00"), "has no offset"),
        (("--rrule", "FREQ=DAILY", "--expires-after", "soon"), "30m"),
        (("--rrule", "FREQ=DAILY", "--expires-after", "1²m"), "30m"),
        ((), "--rrule"),
    ],
)
def test_what_cannot_be_is_refused(invoke, arguments, said) -> None:
    assert said in invoke("series", "add", "drill", "--title", "x", *arguments, code=2).stderr
    assert not Series.objects.exists()


def test_a_series_that_is_not_there(invoke) -> None:
    assert "There is no series" in invoke("series", "cancel", "77", code=2).stderr
