"""Recording: the only writer of what became of a claimed delivery. Every write repeats the fence."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from django.db import InterfaceError, OperationalError, connections, router, transaction

from tocsin import clock
from tocsin.channels.outcomes import Cause
from tocsin.deliveries.merge import settle
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import FINAL, AttemptOutcome, Reason, State
from tocsin.deliveries.succession import plan_successors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger("tocsin.deliveries")

POISON_AFTER = 3
"""Expired leases after which a row is given up: it ends every worker that takes it."""


class Result(NamedTuple):
    """What is to be written of one claimed delivery.

    `wait` is in seconds from the database's now (None keeps the due date). `tried` False is an orderly
    return: the attempt number is taken back and no Attempt is written.
    """

    id: int
    fence: int
    state: State
    reason: Reason = Reason.NONE
    wait: float | None = None
    tried: bool = True
    outcome: str = ""
    cause: str = ""
    detail: str = ""
    provider_id: str = ""
    template_version: int | None = None
    """The key of the version that worded it, of what was tried."""
    leads: bool = False
    """It carries others, which end as it does."""


def record(results: Sequence[Result]) -> set[int]:
    """Write results; returns the ids written. A row whose lease was lost meanwhile is left alone.

    Where a skipped delivery stood for several people at one address, the next of them is planned too.
    """
    if not results:
        return set()
    alias = router.db_for_write(Delivery)
    connection = connections[alias]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        rows = _as_json(results)
        cursor.execute(_update_sql(connection), [rows])
        written = {row[0] for row in cursor.fetchall()}
        tried = [result for result in results if result.tried and result.id in written]
        if tried:
            cursor.execute(
                _attempts_sql(connection), [rows if len(tried) == len(results) else _as_json(tried)]
            )
        plan_successors([r.id for r in results if r.state == State.SKIPPED and r.id in written])
        settle(r.id for r in results if r.leads and r.state in FINAL and r.id in written)
    for result in results:
        if result.id not in written:
            logger.warning(
                "delivery d%s: the lease was lost; the late outcome %r is not recorded",
                result.id,
                result.outcome,
            )
    return written


def record_patiently(results: Sequence[Result], seconds: float) -> None:
    """`record`, tried again for `seconds` while the database is away; after that the leases have ended."""
    deadline = time.monotonic() + seconds
    pause = 0.1
    while True:
        try:
            record(results)
            return
        except (OperationalError, InterfaceError) as error:
            connections[router.db_for_write(Delivery)].close()
            if time.monotonic() + pause > deadline:
                logger.error("%s outcomes could not be written (%s); the deliveries will be tried again",
                             len(results), error)  # fmt: skip
                return
        time.sleep(pause)
        pause = min(pause * 2, 2.0)


def _as_json(results: Sequence[Result]) -> str:
    return json.dumps(results)


FIELDS = {
    "id": "bigint", "fence": "bigint", "state": "text", "reason": "text", "wait": "double precision",
    "tried": "boolean", "outcome": "text", "cause": "text", "detail": "text", "provider_id": "text",
    "template_version": "bigint",
}  # fmt: skip


def _rows_sql(connection: BaseDatabaseWrapper) -> str:
    """The results as a table: one parameter, however many there are."""
    if connection.vendor == "postgresql":
        columns = ", ".join(
            f"(value->>{i})::{kind} AS {name}" for i, (name, kind) in enumerate(FIELDS.items())
        )
        return f"(SELECT {columns} FROM jsonb_array_elements(%s::jsonb))"  # noqa: S608
    columns = ", ".join(f"json_extract(value, '$[{i}]') AS {name}" for i, name in enumerate(FIELDS))
    return f"(SELECT {columns} FROM json_each(%s))"  # noqa: S608


def _update_sql(connection: BaseDatabaseWrapper) -> str:
    now = clock.now_sql(connection)
    final = ", ".join(f"'{state}'" for state in FINAL)
    return f"""
        UPDATE tocsin_delivery SET
            state = r.state,
            reason = r.reason,
            provider_id = CASE WHEN r.provider_id <> '' THEN r.provider_id ELSE tocsin_delivery.provider_id END,
            template_version = CASE WHEN r.tried THEN r.template_version ELSE tocsin_delivery.template_version END,
            attempt = tocsin_delivery.attempt - CASE WHEN r.tried THEN 0 ELSE 1 END,
            due_at = CASE WHEN r.wait IS NULL THEN tocsin_delivery.due_at ELSE {_later(connection)} END,
            finished_at = CASE WHEN r.state IN ({final}) THEN {now} END,
            lease_until = NULL,
            claims = 0
        FROM {_rows_sql(connection)} AS r
        WHERE tocsin_delivery.id = r.id AND tocsin_delivery.fence = r.fence
            AND tocsin_delivery.state = '{State.SENDING}'
        RETURNING tocsin_delivery.id
    """  # noqa: S608


def _later(connection: BaseDatabaseWrapper) -> str:
    now = clock.now_sql(connection)
    if connection.vendor == "postgresql":
        return f"{now} + r.wait * interval '1 second'"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {now}, printf('+%%.3f seconds', r.wait))"


def _attempts_sql(connection: BaseDatabaseWrapper) -> str:
    now = clock.now_sql(connection)
    return f"""
        INSERT INTO tocsin_attempt
            (delivery_id, number, started_at, finished_at, outcome, cause, detail, provider_id)
        SELECT d.id, d.attempt, COALESCE(d.started_at, {now}), {now}, r.outcome, r.cause, r.detail, r.provider_id
        FROM {_rows_sql(connection)} AS r JOIN tocsin_delivery AS d ON d.id = r.id
        WHERE 1=1
    """  # noqa: S608


def reclaim() -> set[str]:
    """Take back what lost workers held: again to be tried, or dead when it ended three of them.

    Returns the channels that have work because of it.
    """
    alias = router.db_for_write(Delivery)
    connection = connections[alias]
    lost = AttemptOutcome.UNKNOWN, Cause.WORKER_LOST
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(_reclaim_sql(connection), [])
        rows = cursor.fetchall()
        if rows:
            results = [Result(row[0], 0, State.RETRYING, outcome=lost[0], cause=lost[1]) for row in rows]
            cursor.execute(_attempts_sql(connection), [_as_json(results)])
            settle(pk for pk, _channel, state in rows if state == State.DEAD)
    for pk, channel, state in rows:
        logger.warning("delivery d%s on %s: its worker was lost; it is %s", pk, channel, state)
    return {channel for _, channel, state in rows if state == State.RETRYING}


def _reclaim_sql(connection: BaseDatabaseWrapper) -> str:
    now = clock.now_sql(connection)
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    poison = f"claims >= {POISON_AFTER}"
    return f"""
        UPDATE tocsin_delivery SET
            state = CASE WHEN {poison} THEN '{State.DEAD}' ELSE '{State.RETRYING}' END,
            reason = CASE WHEN {poison} THEN '{Reason.POISON}' ELSE '{Reason.RETRY}' END,
            finished_at = CASE WHEN {poison} THEN {now} END,
            lease_until = NULL
        WHERE id IN (
            SELECT id FROM tocsin_delivery WHERE state = '{State.SENDING}' AND lease_until < {now} {skip}
        )
        RETURNING id, channel, state
    """  # noqa: S608


def renew(held: Sequence[tuple[int, int]], seconds: float) -> None:
    """Prolong the leases of (id, fence) pairs that are still in hand."""
    if not held:
        return
    alias = router.db_for_write(Delivery)
    connection = connections[alias]
    rows = (
        "(SELECT (value->>0)::bigint AS id, (value->>1)::bigint AS fence FROM jsonb_array_elements(%s::jsonb))"
        if connection.vendor == "postgresql"
        else "(SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS fence FROM json_each(%s))"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE tocsin_delivery SET lease_until = {clock.now_sql(connection, seconds)} FROM {rows} AS r "  # noqa: S608
            "WHERE tocsin_delivery.id = r.id AND tocsin_delivery.fence = r.fence AND state = 'sending'",
            [json.dumps(held)],
        )
