"""The lane for everything else: a whole request, handed to Django's WSGI handler in a thread."""

from __future__ import annotations

import asyncio
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tocsin.api import answers
from tocsin.server.messages import path_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.server.messages import Message, Scope, Send

THREADS = 12
MAX_WAITING = 500


class Bridge:
    """Calls a WSGI application with requests that came by ASGI."""

    def __init__(self, wsgi: Callable[..., Any]) -> None:
        self._wsgi = wsgi
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="tocsin-django")
        self._waiting = 0

    async def answer(
        self, scope: Scope, body: bytes, send: Send, extra: dict[str, Any] | None = None
    ) -> None:
        """Send the application's answer; `extra` goes into the WSGI environment."""
        if self._waiting >= MAX_WAITING:
            await send_answer(send, answers.unavailable("The server is busy. Send it again."))
            return
        environ = environ_of(scope, body) | (extra or {})
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            await loop.run_in_executor(self._threads, self._call, environ, loop, send)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Wait for what is being answered, and end the threads."""
        await asyncio.to_thread(self._threads.shutdown)

    def _call(self, environ: dict[str, Any], loop: asyncio.AbstractEventLoop, send: Send) -> None:
        started: list[tuple[int, list[tuple[bytes, bytes]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            started.append((int(status.split(" ", 1)[0]), encoded))

        def tell(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(_tell(send, message), loop).result()

        response = self._wsgi(environ, start_response)
        try:
            status, headers = started[-1]
            if getattr(response, "streaming", True):
                tell({"type": "http.response.start", "status": status, "headers": headers})
                for chunk in response:
                    tell({"type": "http.response.body", "body": chunk, "more_body": True})
                tell({"type": "http.response.body", "body": b""})
            else:
                body = b"".join(response)
                asyncio.run_coroutine_threadsafe(_send_whole(send, status, headers, body), loop).result()
        finally:
            if close := getattr(response, "close", None):
                close()


async def _tell(send: Send, message: Message) -> None:
    await send(message)


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of an ASGI request. Header names with an underscore are dropped:

    "X_Real_Ip" would be taken for the "X-Real-Ip" that a proxy sets.
    """
    root: str = scope.get("root_path", "")
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root.encode().decode("latin-1"),
        "PATH_INFO": path_of(scope).encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name or name in ("content-length", "transfer-encoding"):
            continue
        key = "CONTENT_TYPE" if name == "content-type" else "HTTP_" + name.upper().replace("-", "_")
        joint = "; " if name == "cookie" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


async def send_answer(send: Send, answer: answers.Answer) -> None:
    """Send an `Answer` that needs no Django."""
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    await _send_whole(send, answer.status, headers, answer.body)


async def _send_whole(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    if status not in (204, 304) and not any(name == b"content-length" for name, _ in headers):
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
