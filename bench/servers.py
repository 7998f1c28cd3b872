"""The servers that rows need, each on a free loopback port with a folder of its own, stopped by its pid."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bench.results import Missing
from tests.postgres import Postgres, free_port
from tests.servers.brokers import Broker, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 9))
"""Addresses nginx listens on: tocsin gives one host a quarter of its slots, so it is measured with several."""
SAY_VERSION = {
    "Postfix": ["postconf", "-d", "mail_version"],
    "nginx": ["nginx", "-v"],
    "wrk": ["wrk", "-v"],
    "Redis": ["redis-server", "--version"],
}
START_SECONDS = 10.0
_versions = {"SQLite": sqlite3.sqlite_version}


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL that writes to the disk as one in service does; yields the URL of an empty database."""
    with Postgres("-c", "fsync=on") as server, server.database() as name:
        with psycopg.connect(server.url(name)) as connection:
            _versions["PostgreSQL"] = connection.execute("SHOW server_version").fetchone()[0]
        yield server.url(name)


@contextlib.contextmanager
def sqlite() -> Iterator[str]:
    """A folder for a SQLite file; yields its URL."""
    with _folder() as folder:
        yield f"sqlite:///{folder / 'bench.sqlite3'}"


@dataclass
class Sink:
    """Postfix's smtp-sink, which takes every mail and keeps none."""

    port: int
    log: Path

    def count(self) -> int:
        """How many mails it took so far."""
        found = re.findall(r"mesg=(\d+)", self.log.read_text())
        return int(found[-1]) if found else 0

    def await_count(self, wanted: int) -> None:
        """Raises AssertionError if it has not taken exactly `wanted` mails: somebody counted what was not sent."""
        deadline = time.monotonic() + 5
        while self.count() < wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self.count() == wanted, f"smtp-sink took {self.count()} mails, not {wanted}"


@contextlib.contextmanager
def smtp_sink() -> Iterator[Sink]:
    program = tool("smtp-sink", "postfix")
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    with _folder() as folder, running([program, "-c", *user, f"127.0.0.1:{port}", "1000"], port, folder):
        yield Sink(port, folder / "log")


@dataclass
class Nginx:
    """One worker that answers 200 to everything."""

    port: int

    def count(self) -> int:
        """How many requests it has answered, this one not among them."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status") as answer:
            numbers = re.findall(rb"^ (\d+) (\d+) (\d+) $", answer.read(), re.MULTILINE)
        return int(numbers[0][2]) - 1


@contextlib.contextmanager
def nginx(answer: str = "") -> Iterator[Nginx]:
    """It says `answer` to whatever it is asked."""
    program = tool("nginx", "nginx")
    port = free_port()
    listen = " ".join(f"listen {host}:{port} backlog=4096;" for host in HOSTS)
    with _folder() as folder:
        config = folder / "nginx.conf"
        config.write_text(f"""
            daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
            events {{ worker_connections 4096; }}
            http {{
                access_log off; keepalive_requests 1000000; client_body_temp_path {folder}/body;
                proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
                scgi_temp_path {folder}/s;
                server {{ {listen} location = /status {{ stub_status; }} location / {{ {_said(answer)} }} }}
            }}
        """)
        command = [program, "-c", str(config), "-p", str(folder), "-e", str(folder / "errors")]
        with running(command, port, folder):
            yield Nginx(port)


def _said(answer: str) -> str:
    return f"default_type application/json; return 200 '{answer}';" if answer else "return 200;"


@contextlib.contextmanager
def broker(kind: str) -> Iterator[str]:
    """ "redis" or "rabbitmq"; yields its URL. Redis saves nothing to the disk."""
    if why := missing(kind):
        raise Missing(f"{why}; apt-get install {kind}-server")
    with _folder() as folder, Broker.of(kind, folder) as found:
        if kind == "rabbitmq":
            [path, *_] = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"))
            _versions["RabbitMQ"] = path.name.removeprefix("rabbitmq_server-")
        yield found.url


@contextlib.contextmanager
def tarpit() -> Iterator[int]:
    """A port that takes every connection, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        taken: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for one in taken:
                one.close()


@contextlib.contextmanager
def child(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    """A process of ours with the bench's settings, that is told to end at the end of the block."""
    process = subprocess.Popen(
        command,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "bench.settings"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        _stop(process)


def versions(*names: str) -> dict[str, str]:
    """The versions of programs, of SQLite, and of PostgreSQL once it ran; what is not installed is left out."""
    found = {name: _versions[name] for name in names if name in _versions}
    for name in (name for name in names if shutil.which(SAY_VERSION.get(name, ["-"])[0], path=_path())):
        done = subprocess.run(
            SAY_VERSION[name], capture_output=True, text=True, env={"PATH": _path()}, check=False
        )
        found[name] = re.findall(r"\d+\.\d+[.\d]*", done.stdout + done.stderr)[0]
    return found


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def tool(name: str, package: str) -> str:
    """The path of a program. Raises `Missing` with the Debian package that has it."""
    found = shutil.which(name, path=_path())
    if not found:
        raise Missing(f"apt-get install {package} (for {name})")
    return found


@contextlib.contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """A process that listens on a port, in a session of its own, until the end of the block."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)
        yield
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    folder.chmod(0o755)  # some of the servers go on as another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
