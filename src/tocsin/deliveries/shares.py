"""Fair shares: where there is more to do than one claim takes, each organization gets its part of every claim.

An organization's own part goes by gravity and age. While everything due fits into a claim, nobody is held up by
anybody and nothing here is asked.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin import clock
from tocsin.levels import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

BEHIND_SECONDS, MANY = 1.0, 100
"""So long after a claim of so many that left more, this process is taken to be behind with a lane."""
MOST_ORGANIZATIONS = 64
"""So many share one claim; the next begins behind them."""


class Lane(NamedTuple):
    """What is claimed together: a table, and which of its rows."""

    table: str
    where: str
    params: tuple[Any, ...]


class Quota(NamedTuple):
    """How many rows of one organization, at one priority, a claim may take."""

    organization: int
    priority: int
    rows: int


class Crowds:
    """What this process knows of its lanes: which had more than a claim took, and whose turn is next.

    Wrong memories do no harm: a lane that is taken for crowded is looked at more closely than it need be.
    """

    def __init__(self) -> None:
        self._after: dict[Lane, int] = {}
        self._full_at: dict[Lane, float] = {}

    def is_crowded(self, lane: Lane) -> bool:
        """Whether it is worth while to look who waits."""
        return lane in self._after

    def learn(self, lane: Lane, taken: int, limit: int) -> None:
        """A claim took so many, and might have taken `limit`."""
        if taken < limit:
            self._after.pop(lane, None)
            self._full_at.pop(lane, None)
            return
        self._after.setdefault(lane, 0)
        if limit >= MANY:
            self._full_at[lane] = time.monotonic()

    def is_behind(self, lane: Lane) -> bool:
        """Whether this process takes many from a lane, and leaves more."""
        return time.monotonic() - self._full_at.get(lane, -BEHIND_SECONDS) < BEHIND_SECONDS

    def after(self, lane: Lane) -> int:
        """The organization behind which the next claim begins."""
        return self._after.get(lane, 0)

    def served(self, lane: Lane, last: int) -> None:
        """A claim has served organizations up to this one."""
        self._after[lane] = last


def quotas_of(
    cursor: Any, connection: BaseDatabaseWrapper, lane: Lane, limit: int, after: int
) -> list[Quota]:
    """What a claim of `limit` rows takes of whom; empty where only one organization has something due."""
    most = max(2, min(MOST_ORGANIZATIONS, limit))  # one row is given to one of two, too
    found = _with_work(cursor, connection, lane, most, (after, None))
    if len(found) < most and after:
        found += _with_work(cursor, connection, lane, most - len(found), (0, after))
    if len(found) < 2:
        return []
    found = found[:limit]
    share = -(-limit // len(found))
    counts = _counts(cursor, connection, lane, found, share)
    return list(divide(found, counts, share, limit))


def divide(
    organizations: Iterable[int], counts: dict[tuple[int, int], int], share: int, limit: int
) -> Iterable[Quota]:
    """Each organization's share, its gravest first, until `limit` rows are given away. Pure."""
    for organization in organizations:
        left = min(share, limit)
        for priority in PRIORITIES:
            rows = min(left, counts.get((organization, priority), 0))
            if rows:
                yield Quota(organization, priority, rows)
                left, limit = left - rows, limit - rows


def ids_within(
    connection: BaseDatabaseWrapper, lane: Lane, quotas: Sequence[Quota], also: str
) -> tuple[str, list[Any]]:
    """A query of the ids that the quotas allow, oldest first within each, and its parameters."""
    now = clock.now_sql(connection)
    columns = [[getattr(quota, name) for quota in quotas] for name in Quota._fields]
    if connection.vendor == "postgresql":
        rows = (
            f"SELECT id FROM {lane.table} WHERE {lane.where} AND organization_id = quota.organization "  # noqa: S608
            f"AND priority = quota.priority AND due_at <= {now} AND {also} "
            "ORDER BY due_at, id LIMIT quota.rows FOR UPDATE SKIP LOCKED"
        )
        given = "unnest(%s::bigint[], %s::smallint[], %s::int[]) AS quota(organization, priority, rows)"
        return f"SELECT found.id FROM {given}, LATERAL ({rows}) AS found", [*columns, *lane.params]  # noqa: S608
    arms = [
        f"SELECT id FROM (SELECT id FROM {lane.table} WHERE {lane.where} "  # noqa: S608
        f"AND organization_id = {quota.organization} AND priority = {quota.priority} AND due_at <= {now} "
        f"AND {also} ORDER BY due_at, id LIMIT {quota.rows})"
        for quota in quotas
    ]
    return " UNION ALL ".join(arms), list(lane.params) * len(arms)


def _with_work(
    cursor: Any, connection: BaseDatabaseWrapper, lane: Lane, most: int, between: tuple[int, int | None]
) -> list[int]:
    """Up to `most` organizations with something due, by key; each is one jump in the index, however much it has."""
    after, until = between
    now = clock.now_sql(connection)
    bound = "" if until is None else f" AND organization_id <= {until:d}"
    jump = (
        f"SELECT organization_id FROM {lane.table} WHERE {lane.where} AND organization_id > {{0}}{bound} "  # noqa: S608
        "ORDER BY organization_id LIMIT 1"
    )
    # Not EXISTS: PostgreSQL may work that out for all organizations at once, and read everything that is due.
    is_due = " OR ".join(
        f"(SELECT 1 FROM {lane.table} WHERE {lane.where} AND organization_id = found.one "  # noqa: S608
        f"AND priority = {priority} AND due_at <= {now} LIMIT 1) IS NOT NULL"
        for priority in PRIORITIES
    )
    cursor.execute(
        f"WITH RECURSIVE found(one) AS (SELECT ({jump.format(f'{after:d}')}) UNION ALL "  # noqa: S608
        f"SELECT ({jump.format('found.one')}) FROM found WHERE found.one IS NOT NULL) "
        f"SELECT one FROM found WHERE one IS NOT NULL AND ({is_due}) LIMIT {most:d}",
        lane.params * (2 + len(PRIORITIES)),
    )
    return [row[0] for row in cursor.fetchall()]


def _counts(
    cursor: Any, connection: BaseDatabaseWrapper, lane: Lane, organizations: Sequence[int], most: int
) -> dict[tuple[int, int], int]:
    """How many rows are due, `most` at most, of each organization at each priority."""
    now = clock.now_sql(connection)
    if connection.vendor == "postgresql":
        given, keys = "unnest(%s::bigint[]) AS one(value)", list(organizations)
    else:
        given, keys = "json_each(%s) AS one", json.dumps(organizations)  # type: ignore[assignment]
    levels = " UNION ALL ".join(f"SELECT {priority} AS priority" for priority in PRIORITIES)
    cursor.execute(
        f"SELECT one.value, level.priority, (SELECT count(*) FROM (SELECT 1 FROM {lane.table} WHERE {lane.where} "  # noqa: S608
        f"AND organization_id = one.value AND priority = level.priority AND due_at <= {now} LIMIT {most:d}) AS due) "
        f"FROM ({levels}) AS level, {given}",
        [*lane.params, keys],
    )
    return {(row[0], row[1]): row[2] for row in cursor.fetchall() if row[2]}
