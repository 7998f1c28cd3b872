"""What a push service is told beside what it cannot read: for how long, how urgent, and what is replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

import tocsin
from tests.channels.webpush.given import EVENT, PUBLIC, pushed, send
from tocsin import clock
from tocsin.channels.base import Sent
from tocsin.levels import Level
from tocsin.recipients.destinations import add_destination
from tocsin.testing import deliver_now

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_service_reads_nothing_of_the_event(service, browser):
    send(browser, title="Ana is ill", group_key="ana")
    seen = service.requests[-1]
    plain = seen.body + repr(dict(seen.headers)).encode()
    assert not any(word in plain for word in (b"Ana", b"ana", b"acme", EVENT.id.encode()))


@pytest.mark.parametrize(
    ("level", "action", "urgency"),
    [
        (Level.INFO, "open", "normal"),
        (Level.WARNING, "open", "normal"),
        (Level.ERROR, "open", "high"),
        (Level.CRITICAL, "update", "high"),
        (Level.CRITICAL, "resolve", "normal"),
    ],
)
def test_grave_ones_are_urgent_and_all_are_kept_for_a_day(browser, level, action, urgency):
    headers = pushed(browser, level=level, action=action).headers
    assert (headers["urgency"], headers["ttl"]) == (urgency, "86400")


@pytest.mark.parametrize(
    ("left", "ttl"),
    [
        ((None,), 86_400),
        ((HOUR,), 3600),
        ((25 * HOUR,), 86_400),
        ((timedelta(milliseconds=999),), 0),
        ((-HOUR,), 0),
        ((HOUR, 2 * HOUR), 7200),
        ((HOUR, None), 86_400),
    ],
)
def test_what_has_expired_need_not_be_fetched_any_more(browser, left, ttl):
    ends = [one and NOON + one for one in left]
    events = tuple(replace(EVENT, expires_at=end) for end in ends)
    with clock.frozen(NOON):
        assert pushed(browser, events=events).headers["ttl"] == str(ttl)


@pytest.mark.django_db
def test_the_end_of_an_event_reaches_the_push_service(browser):
    ana = get_user_model().objects.create_user("ana")
    add_destination(ana, "webpush", browser.settings)
    now = clock.now()
    tocsin.notify("drill", title="Soon over", to=["user:ana"], channel="webpush", expires_at=now + HOUR)
    with clock.frozen(now + HOUR / 2):
        deliver_now()
    [one] = browser.pushed
    assert one.headers["ttl"] == "1800"


def test_of_a_group_a_browser_that_slept_finds_the_latest_alone(browser):
    first = send(browser, group_key="disk", title="First")
    for action, status in (("update", "open"), ("acknowledge", "acknowledged"), ("resolve", "resolved")):
        outcome = send(browser, group_key="disk", action=action, status=status, title=action)
        assert outcome == first
    send(browser, title="Alone")
    send(browser, group_key="other", title="Other")
    send(browser, group_key="disk", title="Late", is_late=True)
    shown = [one.payload["title"] for one in browser.waiting]
    assert shown == ["[resolved] resolve", "Alone", "Other", "Late"]
    assert browser.pushed[6].payload["tag"] == EVENT.id
    grouped = browser.pushed[:4]
    assert len({one.payload["tag"] for one in grouped}) == 1
    assert [one.payload["action"] for one in grouped] == ["open", "update", "acknowledge", "resolve"]
    assert "topic" not in browser.pushed[4].headers
    assert browser.pushed[5].payload["tag"] != grouped[0].payload["tag"]


def test_groups_of_one_name_in_two_organizations_are_two(browser):
    ours, theirs = (pushed(browser, group_key="disk", organization=name) for name in ("acme", "globex"))
    assert ours.topic != theirs.topic
    assert ours.payload["tag"] != theirs.payload["tag"]


def test_a_topic_does_not_tell_who_hears_of_the_same(service, browser):
    other = service.make_subscription(PUBLIC)
    first, second = pushed(browser, group_key="disk"), pushed(other, group_key="disk")
    assert first.topic != second.topic
    assert first.payload["tag"] == second.payload["tag"]


def test_nothing_of_the_location_is_kept(service, browser):
    outcomes = [send(browser), send(browser, group_key="disk")]
    assert "c4pability" not in repr(outcomes)
    assert outcomes[0] == Sent("")
