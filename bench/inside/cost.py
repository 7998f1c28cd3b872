"""Single steps of what happens to an event, each so often that its cost can be told."""

from __future__ import annotations

import time

from django.contrib.auth.models import Group, User
from django.db import connection

from bench.inside import people
from tocsin import clock, pipeline
from tocsin.deliveries.prune import prune_events
from tocsin.inbox import queries
from tocsin.inbox.models import InboxItem
from tocsin.inbox.prune import prune_items
from tocsin.inbox.summary import summary

PAGE = 30


def prepare(sizes: list[int]) -> None:
    """A group for each size, `everyone` the largest; everybody can be reached by `memory`."""
    people.fill(max(sizes))
    pks = people.give_memory()
    for size in sizes:
        Group.objects.create(name=f"g{size}").user_set.add(*pks[:size])
    people.settle()


def clear() -> None:
    people.clear()


def accept(count: int, at_once: int, size: int, channel: str) -> int:
    """Events for a group of `size`; returns how many."""
    draft = {
        "type": "message:internal",
        "title": people.TITLE,
        "body": people.BODY,
        "to": [f"group:g{size}"],
        "channel": channel,
    }
    for _ in range(count // at_once):
        pipeline.accept_group([[pipeline.parse(draft)] for _ in range(at_once)])
    return count


def run(what: str, batch: int, count: int) -> int:
    """Plan, or send, until nothing is due; `count` is what was to be done."""
    while pipeline.run(what, batch):
        pass
    return count


def pages(count: int) -> int:
    """The first page of an inbox, so often."""
    reader = User.objects.earliest("pk")
    for _ in range(count):
        assert len(queries.list_items(reader, limit=PAGE).items) == PAGE
    return count


def bells(count: int) -> int:
    """The number on the bell, so often."""
    reader = User.objects.earliest("pk")
    for _ in range(count):
        summary(reader)
    return count


def read(count: int) -> int:
    """So many items are marked as read, one at a time."""
    reader = User.objects.earliest("pk")
    for public_id in queries.newest_ids(reader, count):
        queries.mark_read(reader, [public_id])
    return count


def age() -> None:
    """Everything in every inbox was read, and is not wanted any more."""
    now = clock.now()
    InboxItem.objects.update(read_at=now, seen_at=now)
    people.settle()


def prune(count: int) -> int:
    """Delete all that is over, however new."""
    until = clock.now()
    gone = sum(prune_items(until)) + sum(deliveries for _, deliveries in prune_events(until))
    assert gone == count, f"{gone} rows were pruned, not {count}"
    return count


def flush() -> float:
    """Let PostgreSQL say what this connection did; returns the seconds of CPU that this process has used."""
    used = time.process_time()
    people.run_sql("SELECT pg_stat_force_next_flush()")
    return used


def kept() -> dict[str, list[float]]:
    """For each table: how many rows, bytes of the table for each, bytes of its indexes for each."""
    people.settle()
    found = {}
    with connection.cursor() as cursor:
        for model in people.WRITTEN:
            name, rows = model._meta.db_table, model._default_manager.count()
            cursor.execute("SELECT pg_table_size(%s), pg_indexes_size(%s)", [name, name])
            table, indexes = cursor.fetchone()
            found[name.removeprefix("tocsin_")] = [rows, table / max(1, rows), indexes / max(1, rows)]
    return found
