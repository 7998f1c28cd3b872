"""Inboxes of a thousand and of a million items, in the states that readers leave them in, mixed in one table."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from bench.inside import people
from bench.inside.readers import name_of
from tocsin.events.models import Event
from tocsin.inbox import queries
from tocsin.inbox.models import InboxItem
from tocsin.inbox.summary import summary

CROWD, EACH = 1_000, 100
"""Other people in the same tables, and what each of them has."""
PAGE = 30
KEEPER = "keeper"
"""Who may see the ledger."""
NOW = {"postgresql": "now()", "sqlite": "datetime('now')"}


def prepare(states: list[str], sizes: list[int], password: str) -> None:
    """A reader for each state and size, the crowd, and what all of them have, put in by one statement."""
    keeper = User.objects.create_superuser(KEEPER, password=password)
    crowd = [
        User(username=f"crowd{number}", first_name=states[0], last_name=str(EACH)) for number in range(CROWD)
    ]
    readers = [
        User(username=name_of(state, size), first_name=state, last_name=str(size), password=keeper.password)
        for state in states
        for size in sizes
    ]
    User.objects.bulk_create([*crowd, *readers])
    people.announce("message", f"user:{keeper.pk}")
    people.plan()
    people.multiply(Event, max(sizes) - 1, {"id": people.new_uuid()}, set(), "state = 'planned'")
    items, now = InboxItem._meta.db_table, NOW[connection.vendor]
    people.run_sql(
        f"DELETE FROM {items}",
        "CREATE TABLE bench_event AS SELECT id, row_number() OVER () AS number FROM tocsin_event",
        "CREATE INDEX bench_event_number ON bench_event (number)",
        f"""
        INSERT INTO {items} (organization_id, event_id, channel, user_id, layer, created_at, read_at, dismissed_at,
                             snoozed_until)
        SELECT 1, e.id, CASE e.number / 2 % 50 WHEN 0 THEN 'header_message' WHEN 1 THEN 'alert' ELSE 'message' END,
               u.id, 'to', {now},
               CASE WHEN u.first_name IN ('all read', 'all dismissed')
                      OR u.first_name = 'half read' AND e.number % 2 = 0 THEN {now} END,
               CASE WHEN u.first_name = 'all dismissed' THEN {now} END,
               CASE WHEN u.first_name = 'half read' AND e.number IN (5, 105, 205) THEN '2100-01-01 00:00:00' END
        FROM auth_user u JOIN bench_event e ON e.number <= CAST(u.last_name AS integer)
        WHERE u.last_name <> '' ORDER BY random()
        """.replace("'2100-01-01 00:00:00'", _later()),
        "DROP TABLE bench_event",
    )
    if connection.vendor == "postgresql":  # nobody gathers statistics of SQLite
        people.settle()


def _later() -> str:
    literal = "'2100-01-01 00:00:00'"
    return f"timestamptz {literal}" if connection.vendor == "postgresql" else literal


def deep(name: str) -> str:
    """The cursor of a page near the end of what this reader has."""
    own = InboxItem.objects.filter(user__username=name).order_by("pk").values_list("pk", flat=True)
    return f"i{own[own.count() // 10]}"


def listed(name: str) -> float:
    """`list_items` of a page; milliseconds."""
    reader = _reader(name)
    return _milliseconds(lambda: queries.list_items(reader, limit=PAGE))


def counted(name: str) -> float:
    """`summary`; milliseconds."""
    reader = _reader(name)
    return _milliseconds(lambda: summary(reader))


def bare_list(name: str) -> float:
    """The newest open items by one statement and nothing else; milliseconds."""
    return _bare(
        name,
        "SELECT i.id, i.channel, i.created_at, i.read_at, e.title, e.body "
        "FROM tocsin_inboxitem i JOIN tocsin_event e ON e.id = i.event_id "
        "WHERE i.user_id = %s AND i.dismissed_at IS NULL ORDER BY -i.id LIMIT 31",
    )


def bare_count(name: str) -> float:
    """The unread items of the bell, counted to a hundred; milliseconds."""
    return _bare(
        name,
        "SELECT count(*) FROM (SELECT 1 FROM tocsin_inboxitem WHERE user_id = %s AND channel = 'message' AND read_at "
        "IS NULL AND dismissed_at IS NULL ORDER BY -id LIMIT 100) AS counted",
    )


def _bare(name: str, statement: str) -> float:
    key = _reader(name).pk
    with connection.cursor() as cursor:
        bare = cursor.cursor
        return _milliseconds(lambda: bare.execute(statement.replace("%s", str(key))).fetchall())


def mark_all(name: str) -> dict[str, Any]:
    """Read everything; how many, in how many seconds, and the longest that one statement took."""
    longest = 0.0

    def watch(execute: Any, *given: Any) -> Any:
        nonlocal longest
        start = time.perf_counter()
        try:
            return execute(*given)
        finally:
            longest = max(longest, time.perf_counter() - start)

    with connection.execute_wrapper(watch):
        changed = 0

        def work() -> None:
            nonlocal changed
            changed = queries.mark_all_read(_reader(name))

        spent = people.seconds(work)
    return {"changed": changed, "seconds": spent, "longest": longest}


def _reader(name: str) -> User:
    return User.objects.get(username=name)


def _milliseconds(work: Any) -> float:
    return people.seconds(work) * 1000
