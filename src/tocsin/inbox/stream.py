"""The live stream: tells a reader's open pages that something changed. It carries ids and counts, no content."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tocsin.events.ids import number_of
from tocsin.inbox import wake
from tocsin.inbox.reading import read_changes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tocsin.inbox.summary import Summary
    from tocsin.tenants.scope import Scope

logger = logging.getLogger("tocsin.inbox")

HEARTBEAT_SECONDS = 15.0
MAX_STREAMS_PER_USER = 6
LIFETIME_SECONDS = 300.0
"""A stream ends after this and is opened again, so that who signed out or lost the right stops hearing."""
ROUND_SECONDS = 0.2
"""At most one look at the rows in this time, however many changes there are."""
REST = 4.0
"""For each second of looking so many of rest: many readers and many writers slow the rounds, not the server."""
LOOK_SECONDS = 1.0
"""How often the rows are looked at where nothing wakes us."""


async def stream(scope: Scope, last_event_id: str = "") -> AsyncGenerator[bytes, None]:
    """Server-sent events for the person of `scope`, until the stream is closed or five minutes have passed.

    Begins with the state of now, unless `last_event_id` says that the reader has it. `aclose()` it when the
    client is gone.
    """
    hub = _hub()
    reader = hub.enter(scope.user_id, last_event_id)
    try:
        yield b"retry: 2000\n\n"
        while True:
            message = await reader.next(HEARTBEAT_SECONDS)
            if message is None:
                return
            yield message
    finally:
        hub.leave(reader)


def end_all() -> None:
    """End the streams of this event loop, and those that begin after this: its server ends."""
    _hub().close()


class Reader:
    """One open stream."""

    def __init__(self, user_id: Any, tag: str) -> None:
        self.user_id = user_id
        self.tag = tag
        self._ends = asyncio.get_running_loop().time() + LIFETIME_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311
        self._messages: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def next(self, patience: float) -> bytes | None:
        """The next piece to send: an event, or a comment after `patience` seconds; None at the end."""
        left = self._ends - asyncio.get_running_loop().time()
        if left <= 0:
            return None
        try:
            async with asyncio.timeout(min(patience, left)):
                return await self._messages.get()
        except TimeoutError:
            return b": still here\n\n" if left > patience else None

    def tell(self, summary: Summary, new: list[str]) -> None:
        """Put the new state on its way, if this stream does not have it."""
        if summary.tag == self.tag:
            return
        since = _number(self.tag)
        self.tag = summary.tag
        ids = [public_id for public_id in new if int(public_id[1:]) > since]
        self._messages.put_nowait(_event("inbox", summary.tag, summary.as_json() | {"new": ids}))

    def crowd_out(self) -> None:
        """Say that there are too many streams, and end; the page goes on by polling."""
        self._messages.put_nowait(_event("crowded", self.tag, {}))
        self.end()

    def end(self) -> None:
        """End the stream; the page opens another."""
        self._messages.put_nowait(None)


class Hub:
    """All streams of one event loop. While there are any, one task reads the rows for all of them."""

    def __init__(self) -> None:
        self.readers: dict[Any, list[Reader]] = defaultdict(list)
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def enter(self, user_id: Any, tag: str) -> Reader:
        """Add a stream; the oldest of a reader who has too many is closed."""
        reader = Reader(user_id, tag)
        own = self.readers[user_id]
        own.append(reader)
        while len(own) > MAX_STREAMS_PER_USER:
            own.pop(0).crowd_out()
        if self._is_closed:
            reader.end()
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._run())
        return reader

    def close(self) -> None:
        """End all streams, and those that come after this as they begin."""
        self._is_closed = True
        self._end_all()

    def leave(self, reader: Reader) -> None:
        """Forget a stream that has ended."""
        own = self.readers.get(reader.user_id, [])
        if reader in own:
            own.remove(reader)
        if not own:
            self.readers.pop(reader.user_id, None)
        self._changed.set()

    async def _run(self) -> None:
        unsubscribe = wake.subscribe(self._wake)
        patience = HEARTBEAT_SECONDS if wake.is_connected() else LOOK_SECONDS
        try:
            while self.readers:
                self._changed.clear()
                began = self._loop.time()
                for user_id, (summary, new) in (await read_changes(self._known())).items():
                    for reader in self.readers.get(user_id, ()):
                        reader.tell(summary, new)
                await asyncio.sleep(max(ROUND_SECONDS, REST * (self._loop.time() - began)))
                await _wait(self._changed, patience)
        except Exception:
            logger.exception("the inbox stream failed; its pages will open it again")
            self._end_all()
        finally:
            unsubscribe()

    def _end_all(self) -> None:
        for reader in [reader for own in self.readers.values() for reader in own]:
            reader.end()

    def _wake(self) -> None:
        # The loop may end between any two lines here; then nobody is left to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._changed.set)

    def _known(self) -> dict[Any, set[str]]:
        """For each reader the states that their streams have."""
        return {user_id: {reader.tag for reader in own} for user_id, own in self.readers.items()}


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def _hub() -> Hub:
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        event.set()


def _event(name: str, tag: str, data: dict[str, Any]) -> bytes:
    return f"id: {tag}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _number(tag: str) -> int:
    """The newest item that a state knows of; 0 for what is no state of ours."""
    return number_of(tag.partition("-")[0]) or 0
