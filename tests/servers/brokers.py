"""Real brokers on free ports: Redis and RabbitMQ from Debian, started and stopped by pid."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

RABBITMQ = Path("/usr/lib/rabbitmq/bin")
START_SECONDS = 60.0


def missing(kind: str) -> str:
    """Why a broker cannot be started here; empty where it can."""
    if kind == "redis":
        return "" if shutil.which("redis-server") else "redis-server is not installed"
    fine = (RABBITMQ / "rabbitmq-server").exists() and shutil.which("epmd")
    return "" if fine else "rabbitmq-server is not installed"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Broker:
    """`with Broker.of(kind, folder) as broker:` listens at `broker.url`; `stop` and `start` may be repeated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def of(kind: str, folder: Path) -> Broker:
        return {"redis": Redis, "rabbitmq": RabbitMQ}[kind](folder)

    @property
    def url(self) -> str:
        raise NotImplementedError

    def _command(self) -> tuple[list[str], dict[str, str]]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether it takes connections and answers."""
        raise NotImplementedError

    def empty(self) -> None:
        """Throw away all that waits in it, as a flush or a deletion of all queues does."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it answers. AssertionError where it does not."""
        command, environment = self._command()
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=os.environ | environment, stdout=log, stderr=log, start_new_session=True
            )
        until(self.is_ready, START_SECONDS, lambda: (self.folder / "broker.log").read_text()[-3000:])

    def kill(self) -> None:
        """End it without a word, with all that it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class Redis(Broker):
    """Keeps nothing on disk: what waits in it is gone when it ends."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> tuple[list[str], dict[str, str]]:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        return ["redis-server", *options, "--dir", str(self.folder)], {}

    def is_ready(self) -> bool:
        return self._ask("PING") == b"+PONG"

    def empty(self) -> None:
        assert self._ask("FLUSHALL") == b"+OK"

    def _ask(self, command: str) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2.0) as found:
                found.sendall(command.encode() + b"\r\n")
                return found.makefile("rb").readline().strip()
        except OSError:
            return b""


class RabbitMQ(Broker):
    """A node of its own, with an epmd of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mapper_port, self.distribution_port = free_port(), free_port()
        self._mapper: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def _environment(self) -> dict[str, str]:
        (self.folder / "plugins").write_text("[].")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndisk_free_limit.absolute = 10MB\n"
        )
        return {
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self.mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"tocsin{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "rabbitmq.pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def _command(self) -> tuple[list[str], dict[str, str]]:
        return [str(RABBITMQ / "rabbitmq-server")], self._environment()

    def start(self) -> None:
        self._mapper = subprocess.Popen(
            ["epmd", "-port", str(self.mapper_port), "-address", "127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        super().start()

    def kill(self) -> None:
        super().kill()
        if self._mapper is not None:
            self._mapper.kill()
            self._mapper.wait()
            self._mapper = None

    def is_ready(self) -> bool:
        """Speak the first words of AMQP: the port is open before the node is up."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2.0) as found:
                found.settimeout(2.0)
                found.sendall(b"AMQP\x00\x00\x09\x01")
                return found.recv(1) == b"\x01"
        except OSError:
            return False

    def empty(self) -> None:
        """Delete every queue."""
        from kombu import Connection

        for name in self.queues():
            with Connection(self.url) as connection:
                connection.channel().queue_delete(name)

    def queues(self) -> list[str]:
        """The names of all queues but those that end with their connection."""
        found = subprocess.run(
            [str(RABBITMQ / "rabbitmqctl"), "-q", "--no-table-headers", "list_queues", "name", "exclusive"],
            env=os.environ | self._environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        lines = [line.split("\t") for line in found.stdout.splitlines()]
        return [name for name, exclusive in lines if exclusive == "false"]


def until(condition: Callable[[], object], seconds: float, otherwise: Callable[[], str]) -> None:
    """Ask `condition` until it holds. AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)
