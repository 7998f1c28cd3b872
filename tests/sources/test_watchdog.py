"""What is late is told once an hour for each channel, and what somebody stopped is not late."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

import tocsin
from tocsin import clock, pipeline
from tocsin.deliveries import pauses
from tocsin.events.models import Event
from tocsin.sources import watchdog
from tocsin.sources.sweep import sweep
from tocsin.testing import frozen

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def say(at: datetime, **fields) -> None:
    with frozen(at):
        tocsin.notify("drill", title="x", **{"to": ["memory:a"], "channel": "memory"} | fields)
        pipeline.run("plan", 10)


def told(at: datetime) -> list[str]:
    with frozen(at):
        watchdog.tell_late()
        pipeline.run("plan", 10)
    return list(
        Event.objects.filter(type="tocsin:late").order_by("created_at").values_list("title", flat=True)
    )


def test_work_that_waits_too_long_is_told_once_an_hour(now) -> None:
    say(now)
    assert told(now + 15 * MINUTE) == []
    assert told(now + 16 * MINUTE) == ["Memory is late by 16 min 0 s"]
    assert len(told(now + 40 * MINUTE)) == 1
    assert len(told(now + 61 * MINUTE)) == 2
    event = Event.objects.filter(type="tocsin:late").first()
    assert (event.level, event.group_key, event.data["channel"]) == (40, "late:memory", "memory")


def test_planning_that_waits_is_told_too(now) -> None:
    with frozen(now):
        tocsin.notify("drill", title="x", to=["memory:a"], channel="memory")
    assert told(now + 20 * MINUTE) == ["plan is late by 20 min 0 s"]


def test_what_is_not_due_or_paused_is_not_late(now) -> None:
    say(now, due_at=now + timedelta(days=1))
    assert told(now + 20 * MINUTE) == []
    say(now)
    pauses.pause("memory", by="x")
    assert told(now + 20 * MINUTE) == []
    pauses.resume("memory")
    pauses.pause("", by="x")
    assert told(now + 20 * MINUTE) == []


def test_it_looks_once_a_minute_and_not_at_all_where_nobody_wants_it(now, settings, monkeypatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(watchdog, "tell_late", lambda: looked.append(1))
    monkeypatch.setattr(watchdog, "_looked_at", 0.0)
    for _ in range(3):
        sweep()
    assert len(looked) == 1
    monkeypatch.setattr(watchdog, "_looked_at", 0.0)
    settings.TOCSIN = {**settings.TOCSIN, "WATCHDOG_MINUTES": 0}
    sweep()
    assert len(looked) == 1
