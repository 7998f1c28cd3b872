"""The barest server that pushes: a page with a number, and a stream that says the new one."""

from __future__ import annotations

import asyncio
from typing import Any

PAGE = b"""<!doctype html><title>bare</title><p id="badge"></p><script>
new EventSource("/stream").onmessage = (event) => { document.querySelector("#badge").textContent = event.data; };
</script>"""
listeners: set[asyncio.Queue[int]] = set()
count = 0


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    match scope["path"]:
        case "/stream":
            await _stream(send)
        case "/count":
            _push()
            await _answer(send, b"")
        case _:
            await _answer(send, PAGE)


def _push() -> None:
    global count
    count += 1
    for queue in listeners:
        queue.put_nowait(count)


async def _answer(send: Any, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": body})


async def _stream(send: Any) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    listeners.add(queue)
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        await send({"type": "http.response.body", "body": b"data: 0\n\n", "more_body": True})
        while True:
            said = f"data: {await queue.get()}\n\n".encode()
            await send({"type": "http.response.body", "body": said, "more_body": True})
    finally:
        listeners.discard(queue)
