"""The ingest lane: requests that came while one commit ran go into the next one together.

Nobody waits for company when nothing is going on, and nobody is answered before the commit.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import close_old_connections, connections

from tocsin import pipeline
from tocsin.api import answers, ingest
from tocsin.tenants import rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.api.answers import Answer
    from tocsin.events.draft import Draft
    from tocsin.tenants.scope import Scope

logger = logging.getLogger("tocsin.server")

MAX_LANE_BYTES = 16 * 1024
"""A larger body fills a commit by itself and goes by Django's lane."""
MAX_GROUP = 500
"""Requests in one commit."""
COMPANY_SECONDS = 0.001
"""How long a group waits for those who sent last time and are not here yet. One alone never waits."""
FRESH_SECONDS = 1.0
"""After so long without work the connection is looked at before it is used."""
MAX_WAITING = 10_000
"""Beyond this many waiting requests the lane says that it is busy."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One request in the lane, and the future that its answer is put in."""

    body: bytes
    idempotency_key: str | None
    scope: Scope
    future: asyncio.Future[Answer]


class IngestLane:
    """The queue, and the one thread that empties it. Belongs to the event loop it is first used on."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._something = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._expected = 0

    async def submit(self, body: bytes, idempotency_key: str | None, scope: Scope) -> Answer:
        """Store the events in `body` together with those of others, and answer after the commit."""
        if self._closing or len(self._waiting) >= MAX_WAITING:
            return answers.unavailable("The server is busy. Nothing was stored; send it again.")
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tocsin-ingest", daemon=True)
            self._thread.start()
        request = Waiting(body, idempotency_key, scope, asyncio.get_running_loop().create_future())
        with self._something:
            self._waiting.append(request)
            self._something.notify()
        return await request.future

    async def close(self) -> None:
        """Answer everyone who waits, and end the thread."""
        self._closing = True
        with self._something:
            self._something.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        looked_at = 0.0
        while group := self._next_group():
            if time.monotonic() - looked_at > FRESH_SECONDS or _has_failed():
                close_old_connections()
            looked_at = time.monotonic()
            try:
                given = _decide(group)
            except BaseException as error:
                # Whatever it is, those who wait must hear of it and the next ones must be served.
                logger.exception("an ingest group of %s failed", len(group))
                given = [answers.of_error(error)] * len(group)
            self._expected = len(group) + len(self._waiting)
            _hand_out(group, given)
        connections.close_all()

    def _next_group(self) -> list[Waiting]:
        with self._something:
            while not self._waiting:
                if self._closing:
                    return []
                self._something.wait()
        if len(self._waiting) < self._expected:
            time.sleep(COMPANY_SECONDS)  # those who were answered just now are on their way back
        with self._something:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_GROUP))]


def _has_failed() -> bool:
    """Whether something went wrong on a connection of this thread, so that it may be gone."""
    return any(one.errors_occurred for one in connections.all(initialized_only=True))


def _decide(group: Sequence[Waiting]) -> list[Answer]:
    """The answer to each request: by its own fault, or by the one commit for all others."""
    read = [_read(request) for request in group]
    requests = [drafts for drafts in read if isinstance(drafts, list)]
    outcomes = iter(pipeline.accept_group(requests)) if requests else iter(())
    given = []
    for one in read:
        outcome = next(outcomes) if isinstance(one, list) else one
        given.append(ingest.accepted(outcome) if isinstance(outcome, list) else answers.of_error(outcome))
    return given


def _read(request: Waiting) -> list[Draft] | Exception:
    """What one request holds, or what is wrong with it, which is its own affair."""
    try:
        drafts = ingest.read(request.body, request.idempotency_key, request.scope)
        rates.take(request.scope, len(drafts))
        return drafts
    except Exception as error:
        return error


def _hand_out(group: Sequence[Waiting], given: Sequence[Answer]) -> None:
    loop = group[0].future.get_loop()
    try:
        loop.call_soon_threadsafe(_resolve, group, given)
    except RuntimeError:
        logger.warning("the server went away before %s requests were answered", len(group))


def _resolve(group: Sequence[Waiting], given: Sequence[Answer]) -> None:
    for request, answer in zip(group, given, strict=True):
        if not request.future.done():  # it is, where the client went away
            request.future.set_result(answer)
