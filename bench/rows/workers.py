"""Row 10: a backlog worked off by 1, 2 and 4 workers, and by Celery on two brokers. Peers: three task queues."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, NamedTuple

from bench import servers
from bench.inside import Inside
from bench.results import Missing, Section, Series
from bench.venvs import PINS, run_peer

if TYPE_CHECKING:
    from bench.results import Size

NUMBERS = (1, 2, 4)
BROKERS = {"RabbitMQ": ("rabbitmq", 100), "Redis": ("redis", 4)}
"""What each is called, and the prefetch that suits Celery's no-op tasks there."""
PEERS = {"procrastinate_noop": "Procrastinate", "django_tasks_db_noop": "django-tasks-db"}


class Crew(NamedTuple):
    """Who does the work."""

    engine: str
    number: int = 0
    broker: str = ""
    pools: tuple[str, ...] = ()
    """A worker for each of these alone, instead."""

    @property
    def environment(self) -> dict[str, str]:
        return {"BENCH_ENGINE": self.engine, "BENCH_BROKER_URL": self.broker}

    @property
    def commands(self) -> list[list[str]]:
        """What is started beside the process that accepts."""
        worker = [sys.executable, "-m", "django", "tocsin", "worker"]
        if self.engine == "celery":
            return [[*worker, "--concurrency", str(self.number)]]
        return [[*worker, "--channel", pool] for pool in self.pools] or [worker] * self.number


def run(size: Size) -> Section:
    notes = [
        (
            f"{size.messages:,} events for one person each are accepted in commits of 1,000 while the workers run: "
            "the clock starts with the first commit and ends when the last is sent, by `memory`, without a network."
        ),
        "limit: the same with one `tocsin worker`. All on one PostgreSQL, which shares the cores with them.",
        "inline: the process that accepts does the work too, in threads of its own.",
        (
            f"peers: {', '.join(PINS[name][0] for name in (*PEERS, 'celery_noop'))}: {size.peer:,} tasks that do "
            "nothing, from a queue filled before, one process."
        ),
    ]
    one = Series("limit: 1 tocsin worker")
    series = [one]
    with servers.postgres() as database:
        _measure(one, database, size, Crew("worker", 1), fresh=True)
        series.append(_measure(Series("tocsin inline", one), database, size, Crew("inline")))
        for number in NUMBERS[1:]:
            crew = Crew("worker", number)
            series.append(_measure(Series(f"{number} tocsin workers", one), database, size, crew))
        pools = Crew("worker", pools=("plan", "memory"))
        series.append(_measure(Series("2 tocsin workers, one plans, one sends", one), database, size, pools))
        for name, (kind, prefetch) in BROKERS.items():
            try:
                with servers.broker(kind) as broker:
                    series += _on_broker(name, broker, prefetch, database=database, size=size, one=one)
            except Missing as missing:
                notes.append(f"{name} is left out: {missing}")
    for name, title in PEERS.items():
        with servers.postgres() as empty:
            series.append(_peer(name, title, size, empty, size.peer))
    return Section(
        "workers",
        f"{size.messages:,} single events, planned, claimed, sent and recorded. Deliveries per second.",
        series,
        notes,
        servers.versions("PostgreSQL", "RabbitMQ", "Redis"),
    )


def _on_broker(
    name: str, broker: str, prefetch: int, *, database: str, size: Size, one: Series
) -> list[Series]:
    found = []
    for number in NUMBERS[:2]:
        title = f"tocsin on Celery, {name}, {number} process{'es' if number > 1 else ''}"
        found.append(_measure(Series(title, one), database, size, Crew("celery", number, broker)))
    peer = Series(f"peer: Celery on {name}")
    for number in range(min(size.rounds, 3)):
        peer.samples.append(run_peer("celery_noop", broker, size.peer, f"bench{number}", prefetch)["rate"])
    return [*found, peer]


def _measure(series: Series, database: str, size: Size, crew: Crew, *, fresh: bool = False) -> Series:
    with Inside("workers", database, **crew.environment) as inside, contextlib.ExitStack() as stack:
        if fresh:
            inside.call("prepare")
        for command in crew.commands:
            stack.enter_context(servers.child(command, {"BENCH_DATABASE": database} | crew.environment))
        inside.call("await_workers", count=len(crew.commands))
        inside.call("worked_off", count=size.messages // 10)  # what is loaded with the first work is loaded
        for _ in range(min(size.rounds, 3)):
            series.samples.append(inside.call("worked_off", count=size.messages))
    return series


def _peer(name: str, title: str, size: Size, *arguments: object) -> Series:
    series = Series(f"peer: {title}")
    for _ in range(min(size.rounds, 3)):
        series.samples.append(run_peer(name, *arguments)["rate"])
    return series
