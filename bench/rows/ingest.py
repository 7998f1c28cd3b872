"""Row 8: events by HTTP, singly by 16 clients and in lists of 500. Limit: the same server that keeps nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench import servers
from bench.inside import Inside
from bench.results import Missing, Section, Series, alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.results import Size

CLIENTS, MANY, BATCH, BATCH_CLIENTS, SECONDS = 16, 64, 500, 4, 4
WAYS = (
    ("singly", 1, CLIENTS),
    (f"singly, {MANY} connections", 1, MANY),
    (f"in lists of {BATCH}", BATCH, BATCH_CLIENTS),
)
"""How events are sent: in words, how many a request, and by how many connections."""
EVENT = {
    "type": "message:internal", "title": "Invoice 42 is paid", "body": "**1 200 €**, see the invoice.",
    "to": ["group:everyone"], "level": "info", "data": {"invoice": 42, "amount": 1200}, "url": "/invoices/42",
}  # fmt: skip
ALERT = """{"labels":{"alertname":"A","instance":"i","number":"%s"},"annotations":{"summary":"Invoice 42 is paid"}}"""
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.body = [==[{body}]==]
"""
ALERTS = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n, seed = 0, tostring(os.time()) .. tostring({{}}):sub(8)
request = function()
  local made = {{}}
  for i = 1, {each} do
    n = n + 1
    made[i] = string.format([==[{alert}]==], seed .. n)
  end
  return wrk.format(nil, "/api/v2/alerts", nil, "[" .. table.concat(made, ",") .. "]")
end
"""


def run(size: Size) -> Section:
    wrk = servers.tool("wrk", "wrk")
    series: list[Series] = []
    contestants: list[tuple[Series, Callable[[], float]]] = []
    notes: list[str] = []
    with (
        servers.postgres() as postgres,
        servers.sqlite() as sqlite,
        Inside("ingest", postgres) as first,
        Inside("ingest", sqlite) as second,
        _served(postgres) as big,
        _served(sqlite) as small,
        _served(sqlite, keeps_nothing=True) as empty,
    ):
        tokens = {"PostgreSQL": first.call("prepare"), "SQLite": second.call("prepare")}
        for what, each, clients in WAYS:
            limit = Series(f"limit: {what}, the same server keeps nothing")
            contestants.append((limit, partial(_post, wrk, empty, tokens["SQLite"], each, clients)))
            for name, port, inside in (("PostgreSQL", big, first), ("SQLite", small, second)):
                ours = Series(f"tocsin, {name}: {what}, durable", limit)
                measure = partial(_post, wrk, port, tokens[name], each, clients)
                contestants.append((ours, _checked(inside, measure)))
                series.append(ours)
            series.append(limit)
        try:
            with _alertmanager() as manager:
                for what, each, clients in WAYS:
                    peer = Series(f"peer: Alertmanager, {what}, in memory")
                    contestants.append((peer, partial(_alerts, wrk, manager, each, clients)))
                    series.append(peer)
                alternate(min(size.rounds, 3), *contestants)
        except Missing as missing:
            notes.append(f"the peer is left out: {missing}")
            alternate(min(size.rounds, 3), *contestants)
    return _section(series, notes)


def _section(series: list[Series], notes: list[str]) -> Section:
    title = (
        f"`POST /events` by wrk on this machine, {CLIENTS} connections, where nothing else is said, "
        f"and {BATCH_CLIENTS} in lists of {BATCH}, {SECONDS} s a round. Events per second."
    )
    said = [
        (
            f"tocsin: one process, uvicorn; {len(json.dumps(EVENT))} bytes an event, with a token, an audience and "
            "data. Each is validated, and on the disk before it is answered: PostgreSQL with fsync, SQLite with "
            "FULL. After each round the table holds at least as many events as wrk was answered for."
        ),
        "limit: the same process and validation; nothing is stored.",
        (
            "peer: distinct alerts, of three labels each; Alertmanager keeps them in memory, asks for no token, and "
            "loses them when it is killed."
        ),
        *notes,
    ]
    return Section(
        "ingest",
        title,
        series,
        said,
        servers.versions("PostgreSQL", "SQLite", "wrk"),
    )


@contextmanager
def _served(database: str, *, keeps_nothing: bool = False) -> Iterator[int]:
    """The server; yields its port."""
    port = servers.free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.inside.serving:application", "--port", str(port),
               "--no-access-log", "--log-level", "warning"]  # fmt: skip
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "bench.serving_settings",
        "BENCH_DATABASE": database,
    }
    if keeps_nothing:
        environment["BENCH_KEEPS_NOTHING"] = "1"
    with tempfile.TemporaryDirectory() as folder, servers.running(command, port, Path(folder), environment):
        yield port


@contextmanager
def _alertmanager() -> Iterator[int]:
    """Debian's Alertmanager, which tells nobody; yields its port."""
    program = servers.tool("prometheus-alertmanager", "prometheus-alertmanager")
    port = servers.free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yml"
        config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        command = [program, f"--config.file={config}", f"--storage.path={folder}/data", "--log.level=error",
                   f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]  # fmt: skip
        with servers.running(command, port, Path(folder)):
            yield port


def _checked(inside: Inside, measure: Callable[[], float]) -> Callable[[], float]:
    def checked() -> float:
        inside.call("empty")
        rate = measure()
        stored = inside.call("count")
        answered = rate * SECONDS
        assert stored >= answered * 0.99, f"{stored} events are stored, and {answered:.0f} were answered for"
        return rate

    return checked


def _post(wrk: str, port: int, token: str, each: int, clients: int) -> float:
    body = json.dumps(EVENT if each == 1 else [EVENT] * each)
    return (
        _wrk(wrk, f"http://127.0.0.1:{port}/api/v1/events", SCRIPT.format(token=token, body=body), clients)
        * each
    )


def _alerts(wrk: str, port: int, each: int, clients: int) -> float:
    return _wrk(wrk, f"http://127.0.0.1:{port}/", ALERTS.format(each=each, alert=ALERT), clients) * each


def _wrk(wrk: str, url: str, script: str, clients: int) -> float:
    """Requests a second that were answered as they should be."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [wrk, "-t1", f"-c{clients}", f"-d{SECONDS}s", "--timeout", "20s", "-s", file.name, url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    assert "Socket errors" not in said, said
    found = re.search(r"([\d.]+) requests in ([\d.]+)s", said)
    assert found, said
    return float(found[1]) / float(found[2])
