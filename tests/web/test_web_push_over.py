"""Which of the notifications that a browser shows are over, as the server tells it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

import tocsin
from tocsin import clock
from tocsin.inbox import queries
from tocsin.recipients import destinations

OVER = "/tocsin/push/over/"


def over(client, *events):
    answer = client.get(OVER, {"event": events})
    assert answer.status_code == 200
    return set(answer.json()["over"])


def test_what_was_read_put_away_or_put_off_is_over(browse, ana, tell):
    read, away, later, unread = (tell(ana, title) for title in ("read", "away", "later", "unread"))
    ids = {item.event_id: item.id for item in queries.list_items(ana).items}
    client = browse(ana)
    assert over(client, read, away, later, unread) == set()
    queries.mark_read(ana, [ids[read]])
    queries.dismiss(ana, [ids[away]])
    queries.snooze(ana, [ids[later]], clock.now() + timedelta(hours=1))
    assert over(client, read, away, later, unread) == {read, away, later}


def test_what_was_resolved_since_is_over_but_not_the_news_of_it(browse, ana, tell):
    before = tell(ana, "down", group_key="db1")
    other = tell(ana, "down too", group_key="db2")
    assert over(browse(ana), before, other) == set()
    after = tell(ana, "up", group_key="db1", status="resolved")
    again = tell(ana, "down again", group_key="db1")
    assert over(browse(ana), before, after, again, other) == {before}


def test_a_resolution_counts_from_its_own_date_on(browse, ana, tell):
    now = clock.now()
    early = tell(ana, "up at one", group_key="db1", status="resolved", due_at=now + timedelta(hours=1))
    at_once = tell(ana, "down", group_key="db1")
    tell(ana, "up since yesterday", group_key="db1", status="resolved", due_at=now - timedelta(days=1))
    assert over(browse(ana), at_once) == set()
    with clock.frozen(now + timedelta(hours=1)):
        assert over(browse(ana), at_once, early) == {at_once}


def test_a_resolution_that_was_cancelled_never_came(browse, ana, tell):
    now = clock.now()
    before = tell(ana, "down", group_key="db1")
    up = tell(ana, "up at one", group_key="db1", status="resolved", due_at=now + timedelta(hours=1))
    tocsin.cancel(event_id=up)
    with clock.frozen(now + timedelta(hours=1)):
        assert over(browse(ana), before) == set()


def test_what_has_expired_is_over(browse, ana, tell):
    now = clock.now()
    short = tell(ana, "until noon", expires_at=now + timedelta(hours=1))
    long = tell(ana, "until the evening", expires_at=now + timedelta(hours=9))
    assert over(browse(ana), short, long) == set()
    with clock.frozen(now + timedelta(hours=1)):
        assert over(browse(ana), short, long) == {short}


def test_it_holds_for_what_was_sent_and_is_in_no_inbox(browse, ana, tell):
    destinations.add_destination(ana, "memory", {"name": "ana"})
    before = tell(ana, "down", channel="memory", group_key="db1")
    assert over(browse(ana), before) == set()
    tell(ana, "up", channel="memory", group_key="db1", status="resolved")
    assert over(browse(ana), before) == {before}


def test_of_anothers_events_nothing_is_said(browse, ana, ben, tell):
    theirs = tell(ben, "private", group_key="db1")
    tell(ben, "up", group_key="db1", status="resolved")
    queries.mark_all_read(ben)
    assert over(browse(ana), theirs) == set()
    assert over(browse(ben), theirs) == {theirs}


@pytest.mark.parametrize("given", [[], ["x"], ["\x00"], [str(uuid.uuid4())], ["1" * 5000], [""]])
def test_what_is_no_event_is_not_over(browse, ana, given):
    assert over(browse(ana), *given) == set()


def test_no_more_are_looked_at_than_a_browser_shows(browse, ana, django_assert_max_num_queries):
    client = browse(ana)
    many = [str(uuid.uuid4()) for _ in range(100)]
    with django_assert_max_num_queries(6):
        assert over(client, *many) == set()
    assert client.get(OVER, {"event": [*many, str(uuid.uuid4())]}).status_code == 404
