"""Row 2: many mails to Postfix's smtp-sink. Limit: Postfix's smtp-source. Peer: Django's `send_mail`."""

from __future__ import annotations

import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

from bench import servers
from bench.inside import Inside
from bench.results import Section, Series, alternate

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.results import Size

BYTES = 2500


def run(size: Size) -> Section:
    source = servers.tool("smtp-source", "postfix")
    limit = Series(f"limit: smtp-source -d -s 8 -l {BYTES}")
    both = {name: Series(f"tocsin, {name}", limit) for name in ("PostgreSQL", "SQLite")}
    alone = Series("tocsin: the channel alone, without the ledger", limit)
    kept, each = (
        Series("peer: send_mail over one connection"),
        Series("peer: send_mail, a connection per mail"),
    )
    count, fewer = size.messages, size.peer
    sizes = _sizes(source)
    with (
        servers.smtp_sink() as sink,
        servers.postgres() as postgres,
        servers.sqlite() as sqlite,
        Inside("email", postgres, BENCH_SMTP_PORT=sink.port) as first,
        Inside("email", sqlite, BENCH_SMTP_PORT=sink.port) as second,
    ):
        for inside in (first, second):
            inside.call("prepare", count=count)
        alternate(
            size.rounds,
            (both["PostgreSQL"], _checked(sink, count, partial(first.call, "tocsin", count=count))),
            (limit, _checked(sink, count, partial(_source, source, sink.port, count))),
            (both["SQLite"], _checked(sink, count, partial(second.call, "tocsin", count=count))),
            (alone, _checked(sink, count, partial(second.call, "alone", count=count))),
            (kept, _checked(sink, fewer, partial(second.call, "django", count=fewer, kept=True))),
            (each, _checked(sink, fewer, partial(second.call, "django", count=fewer, kept=False))),
        )
    return Section("email", f"{count:,} e-mails to Postfix's smtp-sink. Mails per second.",
                   [*both.values(), alone, limit, kept, each], _notes(sizes, fewer),
                   servers.versions("PostgreSQL", "SQLite", "Postfix"))  # fmt: skip


def _notes(sizes: dict[str, int], fewer: int) -> list[str]:
    listed = ", ".join(f"{name} {number:,}" for name, number in sizes.items())
    return [
        (
            'tocsin: from due deliveries to recorded `sent`, `run("email", 500)` until nothing is due; text and '
            "HTML, each mail with its own To and Message-ID."
        ),
        "limit: Postfix's load generator, in C, 8 connections kept open; it does not pipeline, so 1.0 can be passed.",
        f"peer: {fewer:,} mails only, the same text and HTML.",
        f"bytes of a mail as the server gets it: {listed}. smtp-sink counted every mail of every round.",
    ]


def _checked(sink: servers.Sink, count: int, measure: Callable[[], float]) -> Callable[[], float]:
    def checked() -> float:
        before = sink.count()
        rate = measure()
        sink.await_count(before + count)
        return rate

    return checked


def _source(program: str, port: int, count: int) -> float:
    start = time.perf_counter()
    subprocess.run(
        [program, "-d", "-s", "8", "-m", str(count), "-l", str(BYTES), "-f", "tocsin@example.org",
         "-t", "u@example.net", f"127.0.0.1:{port}"], check=True,
    )  # fmt: skip
    return count / (time.perf_counter() - start)


class _Scales:
    """An SMTP server that weighs what it gets."""

    def __init__(self) -> None:
        self.weights: list[int] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.weights.append(len(envelope.original_content))
        return "250 OK"


def _sizes(source: str) -> dict[str, int]:
    scales, port = _Scales(), servers.free_port()
    controller = Controller(scales, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with servers.sqlite() as database, Inside("email", database, BENCH_SMTP_PORT=port) as inside:
            inside.call("alone", count=1)
            inside.call("django", count=1, kept=True)
        _source(source, port, 1)
    finally:
        controller.stop()
    return dict(zip(("tocsin", "send_mail", "smtp-source"), scales.weights, strict=True))
