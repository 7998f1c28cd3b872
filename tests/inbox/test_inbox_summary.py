"""Counting what is unread: capped, by index, and different whenever a reader would see a difference."""

from __future__ import annotations

import pytest
from django.db import connection

from tocsin import clock
from tocsin.events.models import Event
from tocsin.inbox import queries
from tocsin.inbox.models import InboxItem
from tocsin.inbox.summary import CAP, summaries, summary, unread_count
from tocsin.tenants.organizations import organization_id


def fill(user, number):
    told = {
        "organization_id": organization_id(),
        "user": user,
        "created_at": clock.now(),
        "channel": "message",
    }
    events = Event.objects.bulk_create(
        Event(organization_id=organization_id(), type="drill", level=20, title="x", body_hash="", priority=30,
              created_at=clock.now(), due_at=clock.now())
        for _ in range(number)
    )  # fmt: skip
    InboxItem.objects.bulk_create(InboxItem(event=event, **told) for event in events)


def test_each_channel_is_counted_and_the_bell_counts_its_own(ana, told):
    told(ana, "one", "two")
    told(ana, "banner", channel="header_message")
    found = summary(ana)
    assert dict(found.channels) == {"alert": 0, "header_message": 1, "message": 2}
    assert (found.unread, found.text) == (2, "2")


def test_an_empty_inbox_says_nothing(ana):
    found = summary(ana)
    assert (found.unread, found.text, found.as_json()["latest"]) == (0, "", None)


def test_a_user_who_is_gone_has_nothing(db):
    assert summary(123456).unread == 0


def test_counting_stops_at_the_cap(ana):
    fill(ana, CAP + 5)
    found = summary(ana)
    assert (found.unread, found.text) == (CAP, "99+")
    queries.mark_read(ana, queries.newest_ids(ana)[:6])
    assert unread_count(ana) == CAP - 1


def test_every_change_has_a_tag_of_its_own(ana, told):
    tags = [summary(ana).tag]
    told(ana, "one", "two")
    tags.append(summary(ana).tag)
    queries.mark_read(ana, queries.newest_ids(ana)[:1])
    tags.append(summary(ana).tag)
    told(ana, "three")  # as many unread as two steps before
    tags.append(summary(ana).tag)
    told(ana, "banner", channel="header_message")
    tags.append(summary(ana).tag)
    queries.dismiss(ana, queries.newest_ids(ana)[:1])
    tags.append(summary(ana).tag)
    queries.dismiss(ana, queries.newest_ids(ana)[-1:])  # one that was read: no number changes
    tags.append(summary(ana).tag)
    assert len(set(tags)) == len(tags)


def test_many_readers_are_one_statement(ana, ben, told, django_assert_num_queries):
    told(ana, "one")
    told(ben, "one", "two")
    with django_assert_num_queries(1):
        found = summaries([ana.pk, ben.pk])
    assert [found[ana.pk].unread, found[ben.pk].unread] == [1, 2]


@pytest.mark.only_on("sqlite")
def test_the_index_of_the_unread_is_used(ana, told):
    told(ana, "one")
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM tocsin_inboxitem WHERE user_id = %s AND channel = %s "
            "AND read_at IS NULL AND dismissed_at IS NULL LIMIT 100",
            [ana.pk, "message"],
        )
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "tocsin_inboxitem_unread" in plan
