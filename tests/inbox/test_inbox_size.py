"""What an inbox costs does not depend on how much is in it, nor on what became of it: counted in rows or steps."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tocsin import clock
from tocsin.events.models import Event
from tocsin.inbox import queries
from tocsin.inbox.models import InboxItem
from tocsin.inbox.summary import summary
from tocsin.tenants.organizations import organization_id

FEW, MANY = 60, 1_500
STEP = 100
"""SQLite's virtual machine is counted in hundreds of its instructions."""
STATES = {
    "unread": {},
    "read": {"read_at": clock.now()},
    "dismissed": {"read_at": clock.now(), "dismissed_at": clock.now()},
    "put off before": {"snoozed_until": clock.now() - timedelta(days=1), "read_at": clock.now()},
}
VIEWS = {
    "all": queries.list_items,
    "unread": partial(queries.list_items, unread=True),
    "unread alerts": partial(queries.list_items, unread=True, channel="alert"),
    "dismissed": partial(queries.list_items, dismissed=True),
    "newest": queries.newest_ids,
    "count": summary,
}


@pytest.fixture
def filled(ana, ben):
    """Ana has few items and Ben many, all in the same state."""

    def fill(state):
        told = {"organization_id": organization_id(), "created_at": clock.now(), "channel": "message"} | state
        events = Event.objects.bulk_create(
            Event(organization_id=told["organization_id"], type="drill", level=20, title="x", body_hash="",
                  priority=30, created_at=told["created_at"], due_at=told["created_at"])
            for _ in range(MANY)
        )  # fmt: skip
        InboxItem.objects.bulk_create(InboxItem(event=event, user=ben, **told) for event in events)
        InboxItem.objects.bulk_create(InboxItem(event=event, user=ana, **told) for event in events[:FEW])
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE tocsin_inboxitem, tocsin_event")

    return fill


def effort(look) -> int:
    """How many items PostgreSQL looks at for what `look` asks, or how many steps SQLite takes."""
    if connection.vendor == "postgresql":
        with CaptureQueriesContext(connection) as asked:
            look()
        return sum(_rows_of(query["sql"]) for query in asked.captured_queries)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    connection.connection.set_progress_handler(count, STEP)
    try:
        look()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return steps


def _rows_of(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        [found] = cursor.fetchone()
    plan = json.loads(found) if isinstance(found, str) else found
    return _looked_at(plan[0]["Plan"])


def _looked_at(node) -> int:
    """Inbox items that this node and those below it read, what they passed over too."""
    own = 0
    if node.get("Relation Name") == InboxItem._meta.db_table:
        own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return int(own * node["Actual Loops"]) + sum(map(_looked_at, node.get("Plans", ())))


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_many_items_cost_what_few_cost(ana, ben, filled, state):
    filled(state)
    found = {name: (effort(partial(look, ana)), effort(partial(look, ben))) for name, look in VIEWS.items()}
    assert {name: pair for name, pair in found.items() if pair[1] > 2 * pair[0] + FEW} == {}


def test_a_page_near_the_end_costs_what_the_first_costs(ben, filled):
    filled({})
    last = InboxItem.objects.filter(user=ben).order_by("pk")[40].pk
    first = effort(partial(queries.list_items, ben, limit=20))
    assert effort(partial(queries.list_items, ben, limit=20, after=f"i{last}")) <= 2 * first + FEW


def test_what_is_put_off_is_found_among_what_is_not(ana, ben, filled):
    filled({})
    for reader in (ana, ben):
        queries.snooze(reader, queries.newest_ids(reader, 3), clock.now() + timedelta(days=1))
    few, many = (effort(partial(queries.list_items, reader, snoozed=True)) for reader in (ana, ben))
    assert many <= 2 * few + FEW


def test_reading_all_is_done_in_chunks_and_the_newest_first(ana, told, monkeypatch):
    told(ana, *"abcde")
    monkeypatch.setattr(queries, "CHUNK", 2)
    chunks = []

    def watch(user, rows, **columns):
        keys = list(rows.values_list("pk", flat=True))
        chunks.append(keys)
        return rows.update(**columns)

    monkeypatch.setattr(queries, "_change", watch)
    keys = [int(public_id[1:]) for public_id in queries.newest_ids(ana)]
    assert queries.mark_all_read(ana) == 5
    assert [sorted(chunk) for chunk in chunks] == [sorted(keys[:2]), sorted(keys[2:4]), keys[4:]]


def test_what_arrives_while_all_is_read_stays_unread(ana, told, monkeypatch):
    told(ana, "a", "b", "c")
    monkeypatch.setattr(queries, "CHUNK", 1)
    change, late = queries._change, ["late"]

    def meanwhile(user, rows, **columns):
        told(ana, *late)
        late.clear()
        return change(user, rows, **columns)

    monkeypatch.setattr(queries, "_change", meanwhile)
    assert queries.mark_all_read(ana) == 3
    assert [item.title for item in queries.list_items(ana, unread=True).items] == ["late"]


def test_unread_pages_follow_each_other_over_all_channels(ana, told):
    for channel in ("message", "header_message", "alert"):
        told(ana, f"{channel} 1", f"{channel} 2", channel=channel)
    seen, after = [], ""
    while True:
        page = queries.list_items(ana, unread=True, after=after, limit=1)
        seen += [item.id for item in page.items]
        after = page.next
        if not after:
            break
    assert seen == queries.newest_ids(ana)
    assert len(seen) == 6


def test_what_is_dismissed_while_it_was_put_off_is_among_the_dismissed(ana, told):
    told(ana, "one")
    [public_id] = queries.newest_ids(ana)
    queries.snooze(ana, [public_id], clock.now() + timedelta(days=1))
    queries.dismiss(ana, [public_id])
    assert [item.id for item in queries.list_items(ana, dismissed=True).items] == [public_id]
    assert queries.list_items(ana, snoozed=True).items == []
