"""Which lane a request takes: group commit, live stream, or Django in a thread (docs/reference/http.md)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from django.core.handlers.wsgi import WSGIHandler
from django.urls import reverse

from tocsin.api.answers import of_error
from tocsin.api.inbox import STREAMS
from tocsin.api.limits import max_request_bytes, too_large
from tocsin.server.admission import admitted
from tocsin.server.bridge import Bridge, send_answer
from tocsin.server.lanes import MAX_LANE_BYTES, IngestLane
from tocsin.server.messages import ClientGone, TooLarge, path_of, read_body
from tocsin.server.streams import pour

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tocsin.server.messages import Message, Receive, Scope, Send

    Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_PAGE_BYTES = 2_621_440
"""The largest body of what is not the API's: Django's own limit for forms."""


class Application:
    """Ingest by group commit, streams on the event loop, and the rest by Django in a thread.

    A host may hand in its own ASGI application, which then gets the rest.
    """

    def __init__(self, host: Asgi | None = None) -> None:
        self._django = Bridge(WSGIHandler())
        self._host = host
        self._ingest = IngestLane()
        self._events_path = reverse("tocsin-api:events")
        self._stream_path = reverse("tocsin-api:inbox-stream")
        self._api_prefix = reverse("tocsin-api:api-root")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            with contextlib.suppress(ClientGone):
                await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._host is not None:
            await self._host(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope)
        if path == self._events_path and (head := await admitted(scope)):
            body = await read_body(receive, MAX_LANE_BYTES)
            await send_answer(send, await self._ingest.submit(body, head.idempotency_key, head.sender))
        elif path == self._stream_path and scope["method"] == "GET":
            await self._stream(scope, receive, send)
        elif self._host is not None:
            await self._host(scope, receive, send)
        else:
            await self._by_django(scope, receive, send)

    async def _by_django(self, scope: Scope, receive: Receive, send: Send) -> None:
        cap = max_request_bytes()
        if not path_of(scope).startswith(self._api_prefix):
            cap = max(cap, MAX_PAGE_BYTES)
        try:
            body = await read_body(receive, cap, scope)
        except TooLarge:
            await send_answer(send, of_error(too_large()))
            return
        await self._django.answer(scope, body, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let Django say who may have a stream, with all its middleware, and open it here."""
        opened: list[object] = []
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._django.answer(scope, b"", hold, {STREAMS: opened})
        if opened and held[0]["status"] == 200:
            await pour(scope, opened[0], held[0], receive, send)
            return
        for message in held:
            await send(message)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await asyncio.gather(self._ingest.close(), self._django.close())
                await send({"type": "lifespan.shutdown.complete"})
                return
