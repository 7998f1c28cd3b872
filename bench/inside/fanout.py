"""Fan-out: one event to many inboxes, by tocsin and by the barest statement that writes the same rows."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import connection, transaction

from bench.inside import people
from tocsin import clock
from tocsin.events.ids import uuid7
from tocsin.inbox.models import InboxItem

TWIN = "bench_inbox"


def prepare(count: int) -> None:
    people.fill(count)
    people.twin("tocsin_inboxitem", TWIN)
    people.settle()


def tocsin(count: int) -> float:
    """Claim and plan; returns rows per second."""
    people.clear(TWIN)
    people.announce("message")
    spent = people.plan()
    assert InboxItem.objects.count() == count
    return count / spent


def raw(count: int) -> float:
    """`INSERT … SELECT` from the table of memberships into the twin, in one transaction; rows per second."""
    people.clear(TWIN)
    event, group = uuid7(), Group.objects.get().pk
    key = event if connection.vendor == "postgresql" else event.hex
    spent = people.seconds(lambda: _insert(key, group))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {TWIN}")
        assert cursor.fetchone() == (count,)
    return count / spent


def _insert(event: object, group: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TWIN} (organization_id, event_id, channel, user_id, layer, created_at) "
            "SELECT 1, %s, 'message', user_id, 'to', %s FROM auth_user_groups WHERE group_id = %s",
            [event, clock.now(), group],
        )
