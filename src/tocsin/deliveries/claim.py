"""Claiming: one UPDATE that takes what is due and leases it, committed before any work is done on it."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections, router, transaction

from tocsin import clock, conf
from tocsin.deliveries import budgets
from tocsin.deliveries.due import OF_ALL_SQL, OF_CHANNEL
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.shares import Crowds, Lane, ids_within, quotas_of
from tocsin.deliveries.states import PUT_OFF, State
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.levels import PRIORITIES

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

SOLO_AFTER = 2
"""Expired leases after which a row is claimed alone, for it may be the one that ends its workers."""


_crowds = Crowds()
one_suspect = threading.Lock()
"""Held by who has a suspect in hand: what ends this process must not count against another one."""


@dataclass(slots=True)
class Claimed:
    """A delivery in hand. The fields are columns of Delivery, in the order of RETURNING."""

    id: int
    event_id: uuid.UUID
    organization_id: int
    user_id: Any
    destination_id: int | None
    destination_ref: str
    label: str
    address: str
    identity: str
    turn: int
    fence: int
    claims: int
    attempt: int
    priority: int
    locale: str
    layer: str
    reason: str
    merged_into: int | None
    template_version: int | None
    """Of the last try; `prepare` sets that of this one."""
    age: float
    """Seconds since it was planned. Worked out by the database: a number is read faster than a time."""
    fault: str = ""
    """Why the event's own words are used. Not a column."""
    drawn: tuple[str, ...] = ()
    """The budgets of which it has a token. Not a column."""

    @property
    def is_suspect(self) -> bool:
        """Whether it was in the hands of so many lost workers that it must be alone in those of the next."""
        return self.claims > SOLO_AFTER

    @property
    def leads(self) -> bool:
        """Whether it carries others: see `merge.py`."""
        return self.merged_into == self.id

    @property
    def was_put_off(self) -> bool:
        """Whether it waited for a better moment, and goes in one message with others that did."""
        return self.reason in PUT_OFF


COLUMNS = tuple(name for name in Claimed.__dataclass_fields__ if name not in ("fault", "drawn"))


def claim_deliveries(channel: str, limit: int, *, suspects: bool = True) -> list[Claimed]:
    """Lease the `limit` gravest and longest due deliveries of a channel, given by gravity and age; or one suspect.

    No more than the channel's budget has left.
    """
    with budgets.drawing(channel, limit) as draw:
        if not draw.allowed:
            return []
        rows = _claim(
            Delivery, OF_CHANNEL, (channel,), draw.allowed,
            assign=f"state = '{State.SENDING}', attempt = attempt + 1, started_at = {{now}}", returning=COLUMNS,
            suspects=suspects,
        )  # fmt: skip
        draw.taken = len(rows)
    claimed = [Claimed(*row) for row in rows]
    claimed.sort(key=lambda one: (one.priority, one.id))
    return claimed


def is_held_up(channel: str) -> bool:
    """Whether who sends on a channel is held up by whoever does something else in this process.

    They have more than they can take; or the database lets one write at a time, and whoever waits for that does so
    asleep, and is late again and again where the other writes without a pause.
    """
    connection = connections[router.db_for_write(Delivery)]
    lane = Lane(connection.ops.quote_name(Delivery._meta.db_table), OF_CHANNEL, (channel,))
    return connection.vendor == "sqlite" or _crowds.is_behind(lane)


def claim_also(channel: str, state: State, column: str, values: Sequence[Any], most: int) -> list[Claimed]:
    """Lease what is due on a channel in a state, with one of these values in a column; `most`, no suspects."""
    alias = router.db_for_write(Delivery)
    connection = connections[alias]
    if connection.vendor == "postgresql":
        among: str = "= ANY(%s)"
        given: Any = list(values)
    else:
        among, given = "IN (SELECT value FROM json_each(%s))", json.dumps(values)
    assign = f"state = '{State.SENDING}', attempt = attempt + 1, started_at = {{now}}, merged_into = NULL"
    where = f"channel = %s AND state = '{state}' AND {column} {among}"
    sql = _statement(connection, Delivery, where, assign, COLUMNS).format(claims=f"< {SOLO_AFTER}")
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(sql, (channel, given, most))
        rows = cursor.fetchall()
    convert = _converter(connection, Delivery, COLUMNS)
    return [Claimed(*convert(row)) for row in rows]


def claim_events(limit: int, *, suspects: bool = True) -> list[Event]:
    """Lease up to `limit` events that are due to be planned; or one suspect."""
    rows = _claim(
        Event, f"state = '{EventState.WAITING}'", (), limit,
        assign=f"state = '{EventState.PLANNING}'", returning=("id", "fence"), suspects=suspects,
    )  # fmt: skip
    fences = {row[0]: row[1] for row in rows}
    # Read after the commit: whoever slept here for a lease must not take the fence of the next for his own.
    events = [event for pk, event in Event.objects.in_bulk(list(fences)).items() if event.fence == fences[pk]]
    return sorted(events, key=lambda event: (event.priority, event.due_at, event.id))


def _claim(
    model: type[Model],
    where: str,
    params: Sequence[Any],
    limit: int,
    *,
    assign: str,
    returning: Sequence[str],
    suspects: bool = True,
) -> list[Sequence[Any]]:
    """Priorities are asked one by one: each is a range of the partial index, however much is not due yet."""
    alias = router.db_for_write(model)
    connection = connections[alias]
    lane = Lane(connection.ops.quote_name(model._meta.db_table), where, tuple(params))
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        rows = _shared(cursor, connection, lane, limit, _assigned(connection, assign, returning))
        for priority in _priorities(cursor, connection, model, where, params) if len(rows) < limit else ():
            at = f"{where} AND {OF_ALL_SQL} AND priority = {priority}"
            sql = _statement(connection, model, at, assign, returning)
            if len(rows) < limit:
                cursor.execute(sql.format(claims=f"< {SOLO_AFTER}"), (*params, limit - len(rows)))
                rows += cursor.fetchall()
            if suspects and not rows:
                cursor.execute(sql.format(claims=f">= {SOLO_AFTER}"), (*params, 1))
                if rows := cursor.fetchall():
                    break
    _crowds.learn(lane, len(rows), limit)
    convert = _converter(connection, model, returning)
    return [convert(row) for row in rows]


def _shared(
    cursor: Any, connection: BaseDatabaseWrapper, lane: Lane, limit: int, assigned: tuple[str, str]
) -> list[Sequence[Any]]:
    """The part of a claim that organizations share; nothing where the last claim left nothing."""
    if not _crowds.is_crowded(lane):
        return []
    quotas = quotas_of(cursor, connection, lane, limit, _crowds.after(lane))
    if not quotas:
        return []
    ids, params = ids_within(connection, lane, quotas, f"claims < {SOLO_AFTER}")
    listed = f"= ANY(ARRAY({ids}))" if connection.vendor == "postgresql" else f"IN ({ids})"
    put, returning = assigned
    cursor.execute(f"UPDATE {lane.table} SET {put} WHERE id {listed} RETURNING {returning}", params)  # noqa: S608
    _crowds.served(lane, quotas[-1].organization)
    return list(cursor.fetchall())


def _priorities(cursor: Any, connection: Any, model: Any, where: str, params: Any) -> list[int]:
    """The priorities at which something is due: most claims find work at one of them."""
    table, now = connection.ops.quote_name(model._meta.db_table), clock.now_sql(connection)
    probes = " UNION ALL ".join(
        f"SELECT {priority} WHERE EXISTS (SELECT 1 FROM {table} WHERE {where} AND {OF_ALL_SQL} "  # noqa: S608
        f"AND priority = {priority} AND due_at <= {now})"
        for priority in PRIORITIES
    )
    cursor.execute(probes, tuple(params) * len(PRIORITIES))
    return sorted(row[0] for row in cursor.fetchall())


def _statement(
    connection: BaseDatabaseWrapper, model: type[Model], where: str, assign: str, returning: Sequence[str]
) -> str:
    table = connection.ops.quote_name(model._meta.db_table)
    now = clock.now_sql(connection)
    put, returned = _assigned(connection, assign, returning)
    postgresql = connection.vendor == "postgresql"
    due = (
        f"SELECT id FROM {table} WHERE {where} AND due_at <= {now} AND claims {{claims}} "  # noqa: S608
        f"ORDER BY due_at, id LIMIT %s{' FOR UPDATE SKIP LOCKED' if postgresql else ''}"
    )
    # As an array the list is worked out once; as IN (…) PostgreSQL may run it again and lock more rows.
    listed = f"= ANY(ARRAY({due}))" if postgresql else f"IN ({due})"
    return f"UPDATE {table} SET {put} WHERE id {listed} RETURNING {returned}"  # noqa: S608


def _assigned(connection: BaseDatabaseWrapper, assign: str, returning: Sequence[str]) -> tuple[str, str]:
    """What every claim puts into its rows, and what it reads back."""
    lease = clock.now_sql(connection, conf.get("LEASE_SECONDS"))
    put = (
        f"{assign.format(now=clock.now_sql(connection))}, fence = fence + 1, claims = claims + 1, "
        f"lease_until = {lease}"
    )
    return put, ", ".join(_age(connection) if name == "age" else name for name in returning)


def _age(connection: BaseDatabaseWrapper) -> str:
    now = clock.now_sql(connection)
    if connection.vendor == "postgresql":
        return f"EXTRACT(EPOCH FROM {now} - created_at)::double precision"
    return f"(julianday({now}) - julianday(created_at)) * 86400.0"


def _converter(
    connection: BaseDatabaseWrapper, model: type[Model], names: Sequence[str]
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What turns a raw row into Python values; SQLite keeps keys and times as text."""
    steps = []
    for index, name in enumerate(names):
        if name == "age":
            continue
        field = model._meta.get_field(name.removesuffix("_id") if name != "provider_id" else name)
        column = field.get_col(model._meta.db_table)  # type: ignore[union-attr]
        found = connection.ops.get_db_converters(column) + column.get_db_converters(connection)
        steps += [(index, step, column) for step in found]
    if not steps:
        return lambda row: row

    def convert(row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for index, step, column in steps:
            values[index] = step(values[index], column, connection)
        return values

    return convert
