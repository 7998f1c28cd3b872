"""Row 1: one event to many inboxes. Limit: one raw INSERT … SELECT. Peer: django-notifications-hq."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench import servers
from bench.inside import Inside
from bench.results import Section, Series, alternate
from bench.venvs import PINS, run_peer

if TYPE_CHECKING:
    from bench.results import Size

PEER = "notifications_hq"


def run(size: Size) -> Section:
    series: list[Series] = []
    for name, server in (("PostgreSQL", servers.postgres), ("SQLite", servers.sqlite)):
        with server() as database:
            series += _against_limit(name, database, size)
        with server() as database:
            series += _peer(name, database, size)
    return Section(
        "fanout",
        f"One event to {size.fanout:,} inbox items, for the members of a Django group. Rows per second.",
        series,
        [
            (
                'tocsin: claim and plan one accepted event, as `run("plan", 1)` does it; in chunks of 20,000 people, '
                "each a transaction; opt-outs, inactive people and do-not-disturb are looked at."
            ),
            (
                "limit: one `INSERT … SELECT` from the membership table, one transaction, into a table with the same "
                "columns and indexes."
            ),
            f"peer: {PINS[PEER][0]} on {PINS[PEER][1]}, `notify.send(recipient=group)`.",
        ],
        servers.versions("PostgreSQL", "SQLite"),
    )


def _against_limit(name: str, database: str, size: Size) -> list[Series]:
    limit = Series(f"limit, {name}: raw INSERT … SELECT")
    ours = Series(f"tocsin, {name}", limit)
    with Inside("fanout", database) as inside:
        inside.call("prepare", count=size.fanout)
        alternate(
            size.rounds,
            (ours, partial(inside.call, "tocsin", count=size.fanout)),
            (limit, partial(inside.call, "raw", count=size.fanout)),
        )
    return [ours, limit]


def _peer(name: str, database: str, size: Size) -> list[Series]:
    found = run_peer(PEER, database, size.peer, 2)
    return [
        Series(f"peer, {name}: django-notifications-hq, a commit per row", None, found["each"]),
        Series(f"peer, {name}: the same inside one atomic()", None, found["atomic"]),
    ]
