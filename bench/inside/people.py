"""A database with people in a group, tables of the same shape as tocsin's, and a clean start for each round."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User
from django.db import connection

import tocsin
from tocsin import pipeline
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.recipients.models import Destination

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model

BATCH = 5000
WRITTEN = (Attempt, Delivery, InboxItem, Event)
TITLE = "1,201 of 1,204 invoices are paid"
BODY = """The nightly run of **invoices** is done. Of 1,204 invoices 1,201 were paid in time; the others are
listed [here](/invoices/late):

- number 1042: the bank sent it back, for the account was closed
- number 1077: the amount does not match the order

Nothing else was found. The next run is tomorrow at two in the morning.
"""


def fill(count: int) -> None:
    """People with an e-mail address each, all in the group `everyone`."""
    users = [User(username=f"u{number}", email=f"u{number}@example.net") for number in range(count)]
    User.objects.bulk_create(users, BATCH)
    group = Group.objects.create(name="everyone")
    membership = User.groups.through
    pks = User.objects.order_by("pk").values_list("pk", flat=True)
    membership.objects.bulk_create([membership(user_id=pk, group_id=group.pk) for pk in pks], BATCH)


def give_memory() -> list[int]:
    """Everybody can be reached by `memory`; returns their keys."""
    pks = list(User.objects.order_by("pk").values_list("pk", flat=True))
    names = {pk: f"m{pk}" for pk in pks}
    Destination.objects.bulk_create(
        [
            Destination(user_id=pk, channel="memory", label=name, identity=name, settings={"name": name})
            for pk, name in names.items()
        ],
        BATCH,
    )
    return pks


def settle() -> None:
    """Statistics for the planner of queries, as a database that has run for an hour has them."""
    run_sql("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def clear(*tables: str) -> None:
    """Empty what earlier rounds wrote, and write everything to the disk, so that rounds are alike."""
    names = [model._meta.db_table for model in WRITTEN] + list(tables)
    if connection.vendor == "postgresql":
        run_sql(f"TRUNCATE {', '.join(names)}", "CHECKPOINT")
    else:
        run_sql(*(f"DELETE FROM {name}" for name in names), "PRAGMA wal_checkpoint(TRUNCATE)")


def run_sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def twin(table: str, name: str) -> None:
    """An empty table with the same columns and indexes as `table`."""
    if connection.vendor == "postgresql":
        run_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE tbl_name = %s AND sql IS NOT NULL", [table])
        statements = [sql.replace(table, name) for (sql,) in cursor.fetchall()]
    run_sql(*statements)


def multiply(model: type[Model], number: int, made: dict[str, str], left_out: set[str], which: str) -> None:
    """So many more rows like those of which the SQL `which` is true, but for the columns that `made` computes."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if field.column not in left_out]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(made.get(name, f't."{name}"') for name in columns)
    if connection.vendor == "postgresql":
        numbers = f"generate_series(1, {number}) AS n(n)"
    else:
        counted = f"s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {number})"
        numbers = f"(WITH RECURSIVE {counted} SELECT n FROM s) AS n"
    run_sql(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t, {numbers} WHERE t.{which}")


def new_uuid() -> str:
    """SQL: a random UUID, as the column of one keeps it."""
    return "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"


def announce(channel: str, to: str = "group:everyone") -> None:
    """Accept one event, with a title, a link and a body of half a page."""
    tocsin.notify("message:internal", title=TITLE, body=BODY, to=[to], channel=channel, url="/invoices")


def seconds(work: Callable[[], Any]) -> float:
    """How long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def plan() -> float:
    """Plan the one event that is due; returns the seconds it took."""
    taken = 0

    def work() -> None:
        nonlocal taken
        taken = pipeline.run("plan", 1)

    spent = seconds(work)
    assert taken == 1, f"{taken} events were planned"
    return spent


def deliver(channel: str, expected: int, batch: int = 500) -> float:
    """Send all that is due on a channel; returns the seconds. What was not sent is an error."""

    def work() -> None:
        while pipeline.run(channel, batch):
            pass

    spent = seconds(work)
    sent = Delivery.objects.filter(channel=channel, state="sent").count()
    attempts = Attempt.objects.filter(outcome="sent").count()
    assert sent == attempts == expected, f"{sent} deliveries are sent, by {attempts} attempts, of {expected}"
    return spent
