"""Row 6: one event against 1,000, 10,000 and 100,000 rules of its type and organization, ten of which match."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bench import servers
from bench.inside import Inside
from bench.results import Section, Series, alternate
from bench.venvs import run_peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.results import Size

SIZES = (1_000, 10_000, 100_000)
PROFILES = (10, 100, 1_000)
PEER_EVENTS = 3


def run(size: Size) -> Section:
    series: list[Series] = []
    contestants: list[tuple[Series, Callable[[], float]]] = []
    events = max(50, size.peer // 10)
    with (
        servers.postgres() as postgres,
        servers.sqlite() as sqlite,
        Inside("routing", postgres) as first,
        Inside("routing", sqlite) as second,
    ):
        for name, inside in (("PostgreSQL", first), ("SQLite", second)):
            for count in (each for each in SIZES if each <= size.fanout):
                inside.call("prepare", count=count)
                given = {"count": count, "events": events}
                limit = Series(f"limit, {name}: one indexed query, {count:,} rules")
                ours = Series(f"tocsin, {name}: {count:,} rules", limit)
                contestants += [
                    (ours, partial(inside.call, "tocsin", **given)),
                    (limit, partial(inside.call, "limit", **given)),
                ]
                series += [ours, limit]
        alternate(size.rounds, *contestants)
    argus = _peer(size)
    for count, found in argus.items():
        series.append(
            Series(f"peer, PostgreSQL: argus-server, {int(count):,} profiles", None, found["rates"])
        )
    slowest = min(one.rate for one in series if one.limit)
    notes = [
        (
            "tocsin: `rules.match.matching` of one event at a time: the fields to look up, the candidates, their "
            "conditions, whose rules they are. Ten rules match."
        ),
        "limit: the candidates alone, by the index that tocsin made.",
        (
            "argus-server: `find_destinations_for_event` of one event; ten profiles fit. It looks at every profile: "
            + ", ".join(
                f"{found['queries']:,} statements at {int(count):,}" for count, found in argus.items()
            )
            + "."
        ),
        f"an event of tocsin costs {1000 / slowest:.1f} ms at the most of these.",
    ]
    title = "One event matched against rules of one type and organization. Events per second."
    return Section("routing", title, series, notes, servers.versions("PostgreSQL", "SQLite"))


def _peer(size: Size) -> dict[str, Any]:
    counts = [count for count in PROFILES if count <= size.fanout // 100]
    with servers.postgres() as database:
        return run_peer("argus_server", database, PEER_EVENTS, size.rounds, *counts)
