"""The server process: uvicorn on our ASGI callable, ended in order by SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import socket

GRACE_SECONDS = 10


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError where the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def url_of(bound: socket.socket) -> str:
    """Where a browser on this machine finds what listens there."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


class Listening:
    """The server on a bound socket."""

    def __init__(self, bound: socket.socket) -> None:
        from uvicorn import Config

        from tocsin.server.serving import Server

        self.socket = bound
        self.server = Server(
            Config(
                "tocsin.server.asgi:application",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )

    def run(self) -> None:
        """Serve in the main thread until told to end, and the engine after it: what came last is still sent."""
        from tocsin.engines import inline

        # Ours, although uvicorn sets its own: one may come before that, and uvicorn raises it again when it has
        # ended, which by the default handler would kill the process before the engine could finish.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        inline.start()
        self.serve()
        inline.stop()

    def serve(self) -> None:
        """Serve in any thread until `stop` is called. The engine and the signals are the caller's."""
        self.server.run(sockets=[self.socket])

    def stop(self) -> None:
        """End `serve`, from a signal handler or another thread; also if it has not begun yet."""
        self.server.should_exit = True
