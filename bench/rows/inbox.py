"""Row 10: a page of an inbox and its unread count, with a million items and with a thousand."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import servers
from bench.browsing import Reader, served
from bench.inside import Inside
from bench.inside.readers import STATES, name_of
from bench.results import Section, Times, alternate
from bench.venvs import PINS, run_peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.results import Size

FEW = 1_000
MANY = "BENCH_ITEMS"
PEER = "notifications_hq"
PASSWORD = "a password for measurements"
ALL = tuple(STATES)
PAGES = {
    "/inbox/": ALL,
    "/inbox/?show=unread": ALL,
    "/inbox/?show=snoozed": ("half read", "all read"),
    "/inbox/?show=dismissed": ("half read", "all dismissed"),
    "/api/v1/inbox": ALL,
    "/api/v1/inbox/count": ALL,
}
"""What is asked for over HTTP, and of readers in which states."""
CALLS = {
    "`list_items`, 30 of them": ("listed", ALL),
    "`summary`": ("counted", ALL),
    "limit: the bare SELECT of 30": ("bare_list", ("half read",)),
    "limit: the bare SELECT of the count": ("bare_count", ("half read",)),
}


def run(size: Size) -> Section:
    many = int(os.environ.get(MANY, "0")) or size.fanout * 10
    samples = 20 * size.rounds
    series: list[Times] = []
    notes: list[str] = []
    for name, server, most in (
        ("PostgreSQL", servers.postgres, many),
        ("SQLite", servers.sqlite, many // 10),
    ):
        with server() as database, Inside("inbox", database) as inside:
            inside.call("prepare", states=list(ALL), sizes=[FEW, most], password=PASSWORD)
            series += _measured(f"{name}, {most:,}", inside, database, most, samples)
            notes.append(_of_marking(name, inside.call("mark_all", name=name_of("all unread", most))))
    with servers.postgres() as database:
        found = run_peer("notifications_hq_inbox", database, samples // 4, FEW, many, of=PEER)
    series += [
        _against(
            f"peer, PostgreSQL, {many:,}: django-notifications-hq, {what}", times[str(many)], times[str(FEW)]
        )
        for what, times in found.items()
    ]
    return Section(
        "inbox", _title(many), series, _notes(many) + notes, servers.versions("PostgreSQL", "SQLite")
    )


def _measured(prefix: str, inside: Inside, database: str, many: int, samples: int) -> list[Times]:
    """Everything that is asked for, of the reader of many items and of the one of few, in turns."""
    series: list[Times] = []
    contestants: list[tuple[Times, Callable[[], float]]] = []

    def compare(what: str, measure: Callable[[str], Callable[[], float]], states: tuple[str, ...]) -> None:
        for state in states:
            few = Times(f"{prefix}: {what}, {state}")
            lots = Times(f"{prefix}: {what}, {state}", few)
            contestants.extend([(few, measure(name_of(state, FEW))), (lots, measure(name_of(state, many)))])
            series.append(lots)

    with tempfile.TemporaryDirectory() as home, served(Path(home), database) as site:
        readers = {name_of(state, size): Reader(site.url, name_of(state, size), PASSWORD) for state in ALL
                   for size in (FEW, many)}  # fmt: skip
        for path, states in PAGES.items():
            compare(f"GET {path}", lambda name, path=path: partial(readers[name].fetch, path), states)
        cursors = {name: inside.call("deep", name=name) for name in readers if name.startswith("half read")}
        compare(
            "GET /inbox/?after=…, near the end",
            lambda name: partial(readers[name].fetch, f"/inbox/?after={cursors[name]}"),
            ("half read",),
        )
        for what, (function, states) in CALLS.items():
            compare(what, lambda name, call=function: partial(inside.call, call, name=name), states)
        ledger = Times(f"{prefix}: GET /events/, the first page of the ledger")
        contestants.append((ledger, partial(Reader(site.url, "keeper", PASSWORD).fetch, "/events/")))
        for _, measure in contestants:
            measure()
        alternate(samples, *contestants)
    return [*series, ledger]


def _against(what: str, many: list[float], few: list[float]) -> Times:
    return Times(what, Times(what, samples=few), many)


def _of_marking(name: str, done: dict[str, Any]) -> str:
    return (
        f"{name}: marking {done['changed']:,} items as read took {done['seconds']:.1f} s, in chunks; the "
        f"longest statement {done['longest'] * 1000:,.0f} ms."
    )


def _title(many: int) -> str:
    return (
        f"One reader's inbox with {many:,} items (SQLite: {many // 10:,}), beside the same with {FEW:,} in the same "
        "tables. Milliseconds; the limit is the reader who has a thousand, and 1 the aim."
    )


def _notes(many: int) -> list[str]:
    return [
        (
            f"each state has a reader with {FEW:,} items and one with many, and 1,000 other people have 100 each; "
            f"ids lie mixed. {MANY}=10000000 measures ten million."
        ),
        "GET: `tocsin serve`, a connection that is open already, the whole answer read; with session and rights.",
        "limit: one statement by the bare driver, with the event's title and body; counting stops at a hundred.",
        (
            f"peer: {PINS[PEER][0]} on {PINS[PEER][1]}, half of the rows unread: `unread().count()`, which counts "
            "all of them, and a list of 30 of them."
        ),
        f"/events/: {many:,} events, each in eight inboxes or more.",
    ]
