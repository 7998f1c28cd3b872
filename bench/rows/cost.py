"""Row 12: what each step costs the database and the processors. No limit and no peer: numbers to compute with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from bench import servers
from bench.inside import Inside
from bench.results import Costs, Section
from bench.wire import tapped

if TYPE_CHECKING:
    from bench.results import Size
    from bench.wire import Wire

SEEN = """
    SELECT (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables),
           (SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'),
           pg_current_wal_insert_lsn() - '0/0'::pg_lsn,
           ARRAY(SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid())
"""
TICKS = os.sysconf("SC_CLK_TCK")
NAMES = {"message": "inbox item", "memory": "delivery"}


class Reading(NamedTuple):
    """What the counters say at one moment."""

    rows_written: float
    round_trips: float
    wal_syncs: float
    wal_bytes: float
    wire_bytes: float
    worker_seconds: float
    database_seconds: float


class Step(NamedTuple):
    """A function that is measured, with what is done before, unmeasured."""

    what: str
    function: str
    arguments: dict[str, Any]
    before: list[tuple[str, dict[str, Any]]]


def run(size: Size) -> Section:
    large = size.fanout // 10
    sizes = [1, 100, large]
    with (
        servers.postgres() as database,
        tapped(database) as (wire, through),
        Inside("cost", through) as inside,
    ):
        inside.call("prepare", sizes=sizes)
        steps = _steps(sizes, size.messages // 10)
        costs = [Costs(step.what) for step in steps]
        with psycopg.connect(database, autocommit=True) as counters:
            for number in range(min(size.rounds, 3) + 1):  # the first warms up: pages, plans, imports
                for step, cost in zip(steps, costs, strict=True):
                    measured = _measure(inside, wire, counters, step)
                    cost.samples += [measured] if number else []
            kept = _kept(inside, large)
    return Section(
        "cost",
        "What one of each costs, in the medians of some rounds.",
        costs,
        [
            "rows written: inserted, changed and deleted. round trips: turns of the talk with the database.",
            (
                "WAL syncs: fsyncs of PostgreSQL's log: one for each transaction that writes: nobody else commits at "
                "the same time. WAL bytes: with the images of pages that a checkpoint makes necessary."
            ),
            "wire bytes: between tocsin and the database, both ways, counted by a wire in between.",
            "worker: milliseconds of CPU of tocsin's process; database: of all of PostgreSQL's.",
            "`memory` sends: the channel itself costs nearly nothing, and nothing goes to a network.",
            *kept,
        ],
        servers.versions("PostgreSQL"),
    )


def _steps(sizes: list[int], few: int) -> list[Step]:
    found = [
        _accepted("accept an event, one in a commit", few, 1),
        _accepted("accept an event, 500 in a commit", few // 500 * 500 or few, min(few, 500)),
    ]
    for channel, name in NAMES.items():
        many = [(size, max(1, few // size), 1) for size in sizes[1:]]
        for people, events, batch in [(1, few // 10, 1), (1, few, 500), *many]:
            whom = f"one for each event, {batch} at a time" if people == 1 else f"one event to {people:,}"
            before = [("clear", {}), _events(events, people, channel)]
            found.append(
                Step(f"plan, for each {name}: {whom}", "run",
                     {"what": "plan", "batch": batch, "count": people * events}, before)
            )  # fmt: skip
    before = [("clear", {}), _events(few, 1, "memory"), ("run", {"what": "plan", "batch": 500, "count": 0})]
    arguments = {"what": "memory", "batch": 500, "count": few}
    found.append(Step("claim, send, record a delivery, 500 at a time", "run", arguments, before))
    found += [Step("prune a delivery and its event", "prune", {"count": few}, [])]
    before = [("clear", {}), _events(few, 1, "message"), ("run", {"what": "plan", "batch": 500, "count": 0})]
    return [
        *found,
        Step("a page of an inbox, 30 items", "pages", {"count": few}, before),
        Step("the number on a bell", "bells", {"count": few}, []),
        Step("mark an item as read", "read", {"count": 40}, []),
        Step("prune an inbox item and its event", "prune", {"count": few}, [("age", {})]),
    ]


def _accepted(what: str, count: int, at_once: int) -> Step:
    return Step(what, "accept", _events(count, 1, "memory")[1] | {"at_once": at_once}, [("clear", {})])


def _events(count: int, people: int, channel: str) -> tuple[str, dict[str, Any]]:
    return "accept", {"count": count, "at_once": min(count, 500), "size": people, "channel": channel}


def _measure(inside: Inside, wire: Wire, counters: psycopg.Connection[Any], step: Step) -> dict[str, float]:
    for function, arguments in step.before:
        inside.call(function, **arguments)
    first = _read(inside, wire, counters)
    done = inside.call(step.function, **step.arguments)
    last = _read(inside, wire, counters, first)
    each = [(after - before) / done for after, before in zip(last, first, strict=True)]
    names = [
        "rows written",
        "round trips",
        "WAL syncs",
        "WAL bytes",
        "wire bytes",
        "worker ms",
        "database ms",
    ]
    return dict(zip(names, [*each[:5], each[5] * 1000, each[6] * 1000], strict=True))


def _read(
    inside: Inside, wire: Wire, counters: psycopg.Connection[Any], first: Reading | None = None
) -> Reading:
    """The counters; those of the wire are read last before a step, and first after it: they miss our questions."""
    passed = wire.round_trips, wire.sent
    worker = inside.call("flush")
    row = counters.execute(SEEN).fetchone()
    assert row
    rows, syncs, wal, pids = row
    if first is None:
        passed = wire.round_trips, wire.sent
    return Reading(
        float(rows), passed[0], float(syncs), float(wal), passed[1], worker, sum(map(_cpu_seconds, pids))
    )


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _kept(inside: Inside, large: int) -> list[str]:
    """What rows weigh, after ten events to many people each, planned into inboxes and sent."""
    inside.call("clear")
    for channel in NAMES:
        function, arguments = _events(10, large, channel)
        inside.call(function, **arguments)
        inside.call("run", what="plan", batch=1, count=0)
    inside.call("run", what="memory", batch=500, count=0)
    found = {name: numbers for name, numbers in inside.call("kept").items() if name != "event"}
    function, arguments = _events(10 * large, 1, "memory")
    inside.call("clear")
    inside.call(function, **arguments)
    found["event"] = inside.call("kept")["event"]
    return [
        f"kept: one row of `{name}` takes {table:.0f} bytes, and {indexes:.0f} in its indexes (of {rows:,.0f})."
        for name, (rows, table, indexes) in found.items()
    ]
