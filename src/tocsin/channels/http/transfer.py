"""Send one request, or a claim's worth of them at once, and say the outcome of each as it is known."""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from tocsin import conf
from tocsin.channels.http.classify import classify, failure
from tocsin.channels.http.engine import Engine, Slot, borrow, give_back
from tocsin.channels.http.exchange import Request, Response
from tocsin.channels.http.lines import HOLD_SECONDS, Lines
from tocsin.channels.http.urls import AddressBlocked, judged
from tocsin.channels.outcomes import Cause, Later, Outcome, Rejected, Retry
from tocsin.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

M = TypeVar("M")
T = TypeVar("T")
SLOTS = 64
DEADLINE_SECONDS = 30.0
LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.01, 0.04
"""How soon to ask an empty feed again (first, and at most), and to look again at what waits for a slow host."""

logger = logging.getLogger("tocsin.channels.http")
_lines = Lines()


class Source(Protocol[T]):
    """Where the work comes from: `channels.base.Feed` is one for messages."""

    def __iter__(self) -> Iterator[T]: ...

    def more(self, free: int) -> list[T]:
        """Up to `free` further ones. Asked every 10 to 40 ms while slots are free: "none" must be cheap."""
        ...


def post(
    request: Request, read: Callable[[Response], Outcome] = classify, *, deadline: float = DEADLINE_SECONDS
) -> Outcome:
    """Send one request within `deadline` seconds in all, and turn the answer into an outcome with `read`."""
    for _, outcome in post_many(_One(request), _itself, read, slots=1, deadline=deadline):
        return outcome
    raise AssertionError("a request ends in an outcome")


def post_many(
    feed: Source[M],
    build: Callable[[M], Request | Outcome],
    read: Callable[[Response], Outcome] = classify,
    *,
    slots: int = SLOTS,
    deadline: float = DEADLINE_SECONDS,
) -> Iterator[tuple[M, Outcome]]:
    """Send all of `feed`, up to `slots` at once, each within `deadline` seconds; yield outcomes when known.

    `build` makes the request (or answers at once with an outcome), `read` the outcome. What either raises
    costs that message alone. A quarter of the slots at most goes to one host; what is over waits a moment
    where the host is quick, and is answered `Later` where it is not. Closing the generator drops what is
    under way and keeps the connections that are idle.
    """
    engine, shelf = borrow(tuple(conf.get("ALLOWED_PRIVATE_NETWORKS")))
    try:
        yield from _Run(engine, feed, (build, read), slots, deadline).outcomes()
    finally:
        give_back(engine, shelf)


class _One:
    """A feed of a single request."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __iter__(self) -> Iterator[Request]:
        yield self._request

    def more(self, free: int) -> list[Request]:
        return []


def _itself(request: Request) -> Request:
    return request


class _Run(Generic[M]):
    """One call of `post_many`: what waits, what is under way, and what is known."""

    def __init__(
        self,
        engine: Engine,
        feed: Source[M],
        hooks: tuple[Callable[[M], Request | Outcome], Callable[[Response], Outcome]],
        slots: int,
        deadline: float,
    ) -> None:
        self.engine, self.feed, self.slots, self.deadline = engine, feed, slots, deadline
        self.build, self.read = hooks
        self.share = max(1, slots // 4)
        self.waiting: deque[M] = deque(feed)
        self.held: dict[str, deque[tuple[M, Request]]] = {}
        self.held_count = 0
        self.under_way: dict[str, int] = {}
        self.known: list[tuple[M, Outcome]] = []
        self.ask_at = self.look_at = 0.0
        self.ask_pause = LOOK_SECONDS

    def outcomes(self) -> Iterator[tuple[M, Outcome]]:
        while True:
            self._refill()
            self._start()
            moved = self._collect()
            if self.known:
                known, self.known = self.known, []
                yield from known
            elif not self.engine.busy and not self.waiting:
                return
            elif not moved:
                self.engine.wait()

    def _refill(self) -> None:
        """Ask for more when a quarter of the slots is free; after an empty answer not before a while."""
        busy = len(self.engine.busy)
        free = self.slots - busy - len(self.waiting) - self.held_count
        if free < self.share or (busy and time.monotonic() < self.ask_at):
            return
        if found := self.feed.more(free):
            self.waiting.extend(found)
            self.ask_pause = LOOK_SECONDS
        else:
            self.ask_at = time.monotonic() + self.ask_pause
            self.ask_pause = min(self.ask_pause * 2, LONGEST_LOOK_SECONDS)

    def _start(self) -> None:
        waiting, busy, slots = self.waiting, self.engine.busy, self.slots
        while waiting and len(busy) < slots:
            message = waiting.popleft()
            outcome = self._launch(message)
            if outcome is not None:
                self.known.append((message, outcome))

    def _launch(self, message: M) -> Outcome | None:
        """Build the request and put it under way or on hold; the outcome where it is known already."""
        try:
            request = self.build(message)
            if not isinstance(request, Request):
                return request
            origin = judged(request.url, self.engine.networks)
        except AddressBlocked as error:
            return Rejected(Cause.ADDRESS_BLOCKED, error.errors[0].message)
        except InvalidInput as error:
            return Rejected(Cause.BAD_SETTINGS, f"The URL {error.errors[0].message}")
        except Exception as error:
            return _bug("building", error)
        if self.under_way.get(origin, 0) < self.share:
            return self._send(origin, message, request)
        return self._hold(origin, message, request)

    def _send(self, origin: str, message: M, request: Request) -> Outcome | None:
        try:
            self.engine.start(request, origin, self.deadline, message)
        except Exception as error:
            return _bug("starting", error)
        self.under_way[origin] = self.under_way.get(origin, 0) + 1
        return None

    def _hold(self, origin: str, message: M, request: Request) -> Outcome | None:
        """The host has its share. A quick one will soon take this too; else it goes back for a while."""
        queue = self.held.setdefault(origin, deque())
        line = _lines.of(origin)
        if line.expected(len(queue), self.share) > HOLD_SECONDS:
            return Later(Cause.BUSY, line.place(time.monotonic(), self.share))
        queue.append((message, request))
        self.held_count += 1
        return None

    def _collect(self) -> bool:
        """Take what has ended, and let the next message of the same host follow. True if anything had."""
        now, moved = time.monotonic(), False
        for slot, code, text in self.engine.finished():
            moved = True
            self.known.append((slot.job, self._outcome(slot, code, text)))
            self.under_way[slot.origin] -= 1
            _lines.of(slot.origin).learn(now - slot.started)
            if self.held_count:
                self._follow(slot.origin)
        if self.held_count and now >= self.look_at:
            self.look_at = now + LOOK_SECONDS
            self._look(now)
        return moved

    def _outcome(self, slot: Slot, code: int, text: str) -> Outcome:
        if code:
            return failure(code, text, slot.request, blocked=slot.blocked)
        try:
            return self.read(slot.response())
        except Exception as error:
            return _bug("reading", error)

    def _follow(self, origin: str) -> None:
        queue = self.held.get(origin)
        while queue and self.under_way[origin] < self.share:
            message, request = queue.popleft()
            self.held_count -= 1
            if (outcome := self._send(origin, message, request)) is not None:
                self.known.append((message, outcome))

    def _look(self, now: float) -> None:
        """Send away what was held for a host that turns out to be slow."""
        for slot in self.engine.busy.values():
            if self.held.get(slot.origin):
                _lines.of(slot.origin).at_least(now - slot.started)
        for origin, queue in self.held.items():
            line = _lines.of(origin)
            while queue and line.expected(len(queue) - 1, self.share) > HOLD_SECONDS:
                message, _ = queue.pop()
                self.held_count -= 1
                self.known.append((message, Later(Cause.BUSY, line.place(now, self.share))))


def _bug(doing: str, error: Exception) -> Outcome:
    """A failure of our own code. The log tells where, not what: texts of errors hold settings."""
    where: list[Any] = traceback.format_tb(error.__traceback__)[-3:]
    logger.error("%s a request failed with %s\n%s", doing, type(error).__name__, "".join(where))
    return Retry(Cause.BUG, f"{type(error).__name__} while {doing} the request")
