"""Row 5: plan → claim → record through `memory`. Limit: a bare claim loop. Peer: Celery's no-op tasks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench import servers
from bench.inside import Inside
from bench.results import Missing, Section, Series, alternate
from bench.venvs import PINS, run_peer

if TYPE_CHECKING:
    from bench.results import Size

PEER = "celery_noop"


def run(size: Size) -> Section:
    notes = [
        (
            'tocsin: one event to people with a `memory` destination each, on PostgreSQL: `run("plan", 1)`, then '
            '`run("memory", 500)` until nothing is due. Each delivery is looked up, judged, handed over and '
            "recorded, with a row for its attempt."
        ),
        (
            "limit: bare psycopg on a table with the same columns, indexes and rows: claim 500, mark them sent, a "
            "commit each; it plans nothing and writes no attempts."
        ),
        (
            f"peer: {PINS[PEER][0]}: acks_late, no results, pool solo, prefetch as suits the broker (RabbitMQ 100, "
            "Redis 4); the queue is filled before, and the worker counts from its first task to its last. Redis "
            "saves nothing to the disk, RabbitMQ has a durable classic queue."
        ),
    ]
    with servers.postgres() as database:
        series = _against_limit(database, size)
    for name, kind, prefetch in (("RabbitMQ", "rabbitmq", 100), ("Redis", "redis", 4)):
        try:
            with servers.broker(kind) as broker:
                series.append(_celery(name, broker, prefetch, size))
        except Missing as missing:
            notes.append(f"peer on {name} is left out: {missing}")
    return Section(
        "ledger",
        f"{size.messages:,} deliveries without a network. Deliveries per second.",
        series,
        notes,
        servers.versions("PostgreSQL", "RabbitMQ", "Redis"),
    )


def _against_limit(database: str, size: Size) -> list[Series]:
    limit = Series("limit: bare claim loop")
    parts = {"both": "plan, claim, send, record", "deliver": "claim, send, record", "plan": "plan"}
    ours = {name: Series(f"tocsin: {what}", limit) for name, what in parts.items()}
    with Inside("ledger", database) as inside:
        inside.call("prepare", count=size.messages)
        for _ in range(size.rounds):
            for name, rate in inside.call("tocsin", count=size.messages).items():
                ours[name].samples.append(rate)
            alternate(1, (limit, partial(inside.call, "bare", count=size.messages)))
    return [*ours.values(), limit]


def _celery(name: str, broker: str, prefetch: int, size: Size) -> Series:
    series = Series(f"peer: Celery on {name}")
    for number in range(min(size.rounds, 3)):
        series.samples.append(run_peer(PEER, broker, size.peer, f"bench{number}", prefetch)["rate"])
    return series
