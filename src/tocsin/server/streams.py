"""Pouring a person's live stream into an ASGI connection, until either side ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tocsin.inbox.stream import stream
from tocsin.server.messages import header

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tocsin.server.messages import Message, Receive, Scope, Send


async def pour(scope: Scope, reader: Any, start: Message, receive: Receive, send: Send) -> None:
    """Send the stream of `reader`, beginning with `start`, the head that Django made."""
    headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
    await send({**start, "headers": [*headers, (b"x-accel-buffering", b"no")]})
    pieces = stream(reader, header(scope, b"last-event-id") or "")
    tasks = {asyncio.create_task(_send_all(pieces, send)), asyncio.create_task(_until_gone(receive))}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pieces.aclose()


async def _send_all(pieces: AsyncGenerator[bytes, None], send: Send) -> None:
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
