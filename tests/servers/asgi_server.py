"""The ASGI callable under a real uvicorn, in a thread, on a free loopback port."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from tocsin.server.serving import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class AsgiServer:
    """`with AsgiServer(app) as server: server.request("GET", "/healthz")`."""

    def __init__(self, app: Any) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        config = uvicorn.Config(
            app, log_config=None, access_log=False, loop="uvloop", http="httptools", lifespan="on",
            timeout_graceful_shutdown=60,  # longer than any test waits: nothing may hold up its end
        )  # fmt: skip
        self.server = Server(config)
        self._thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        with self.connection() as connection:  # the socket listens as soon as the server is up
            connection.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not end"

    @contextlib.contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            _until(lambda: self.server.started)
            yield connection
        finally:
            connection.close()

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers with lower-case names, body)."""
        with self.connection() as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()

    def raw(self, data: bytes) -> bytes:
        """What is answered to these bytes, until the server closes or says no more for now."""
        _until(lambda: self.server.started)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(data)
            return connection.recv(65536)


def _until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        tick.wait(0.02)
    raise AssertionError("the server did not start")
