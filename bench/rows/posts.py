"""Many posts of one channel to nginx. Limits: wrk, and a bare pycurl loop. Peer: apprise."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import servers
from bench.inside import Inside
from bench.results import Missing, Section, Series, alternate
from bench.venvs import PINS, run_peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.results import Size

PEER = "apprise_json"
CONNECTIONS = 50
SECONDS = 3
"""How long wrk runs in a round."""


def measure(size: Size, channel: str, title: str, answer: str, note: str) -> Section:
    """One row: `answer` is what the far side says to each post of `channel`."""
    count, fewer, notes = size.messages, size.peer, list[str]()
    curl, wrk = (
        Series("limit: bare pycurl multi loop, 50 at once"),
        Series("limit: wrk -t1 -c50, POST script"),
    )
    both = {name: Series(f"tocsin, {name}", curl) for name in ("PostgreSQL", "SQLite")}
    alone, peer = Series("tocsin: the channel and the seam alone", curl), Series("peer: apprise json://")
    with (
        servers.nginx(answer) as nginx,
        servers.postgres() as postgres,
        servers.sqlite() as sqlite,
        Inside("posts", postgres) as first,
        Inside("posts", sqlite) as second,
    ):
        bases = [f"http://{host}:{nginx.port}/" for host in servers.HOSTS]
        for inside in (first, second):
            inside.call("prepare", channel=channel, count=count, bases=bases)
        sample = second.call("sample", channel=channel, answer=answer)
        url = f"http://127.0.0.1:{nginx.port}{sample.pop('path')}"
        ours = {"channel": channel, "count": count}
        contestants: list[tuple[Series, Callable[[], float]]] = [
            (both["PostgreSQL"], _checked(nginx, count, partial(first.call, "tocsin", **ours))),
            (curl, _checked(nginx, count, partial(second.call, "bare", count=count, url=url, **sample))),
            (both["SQLite"], _checked(nginx, count, partial(second.call, "tocsin", **ours))),
            (alone, _checked(nginx, count, partial(second.call, "alone", **ours))),
            (peer, _checked(nginx, fewer, partial(_apprise, nginx.port, fewer, sample["body"]))),
        ]
        try:
            contestants.append((wrk, partial(_wrk, servers.tool("wrk", "wrk"), nginx, url, sample)))
        except Missing as missing:
            notes.append(f"wrk is left out: {missing}")
        alternate(size.rounds, *contestants)
    return Section(channel, f"{count:,} {title} to nginx on this machine. Requests per second.",
                   [*both.values(), alone, curl, wrk, peer], [note, *_notes(sample, fewer), *notes],
                   servers.versions("PostgreSQL", "SQLite", "nginx", "wrk"))  # fmt: skip


def _notes(sample: dict[str, Any], fewer: int) -> list[str]:
    return [
        f"limits: the same {len(sample['body']):,} bytes and headers each time, to one address.",
        f"peer: {PINS[PEER][0]}, {fewer:,} requests only, title and body of the same length.",
        "nginx (one worker) counted every request of every round.",
    ]


def _checked(nginx: servers.Nginx, count: int, measure: Callable[[], float]) -> Callable[[], float]:
    def checked() -> float:
        before = nginx.count()
        rate = measure()
        taken = nginx.count() - before - 1  # the count before is a request too
        assert taken == count, f"nginx answered {taken} requests, not {count}"
        return rate

    return checked


def _apprise(port: int, count: int, body: str) -> float:
    return float(run_peer(PEER, port, count, len(body))["rate"])


def _wrk(program: str, nginx: servers.Nginx, url: str, sample: dict[str, Any]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        lines = [
            f"wrk.headers[{json.dumps(name)}] = {json.dumps(text)}"
            for name, text in sample["headers"].items()
        ]
        script.write_text("\n".join(['wrk.method = "POST"', f"wrk.body = [==[{sample['body']}]==]", *lines]))
        before = nginx.count()
        command = [program, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        taken = nginx.count() - before - 1
    counted = int(re.findall(r"(\d+) requests in", said)[0])
    assert "Non-2xx" not in said, said
    assert 0 <= taken - counted <= CONNECTIONS, f"nginx answered {taken} requests, wrk counted {counted}"
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0])
