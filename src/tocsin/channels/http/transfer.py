"""Send one request, or a claim's worth of them at once, and say the outcome of each as it is known."""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from tocsin import conf
from tocsin.channels.feeds import Only
from tocsin.channels.http.classify import classify, failure
from tocsin.channels.http.engine import Engine, Slot, borrow, give_back
from tocsin.channels.http.exchange import Request, Response
from tocsin.channels.http.lines import HOLD_SECONDS, LOOKUPS, MOST_LOOKUPS, Lines
from tocsin.channels.http.rests import OPENS_AFTER, Change, Rests
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
_rests = Rests()


class Source(Protocol[T]):
    """Where the work comes from: `channels.base.Feed` is one for messages."""

    def __iter__(self) -> Iterator[T]: ...

    def more(self, free: int) -> list[T]:
        """Up to `free` further ones. Asked every 10 to 40 ms while slots are free: "none" must be cheap."""
        ...


def post(
    request: Request,
    read: Callable[[Response], Outcome] = classify,
    *,
    deadline: float = DEADLINE_SECONDS,
    probe: bool = False,
) -> Outcome:
    """Send one request within `deadline` seconds in all, and turn the answer into an outcome with `read`.

    A host that is resting is not asked (`Later`). With `probe`, for what a person tries by hand, one that
    failed again and again is; one that asked for quiet never.
    """
    for _, outcome in post_many(Only(request), _itself, read, slots=1, deadline=deadline, probe=probe):
        return outcome
    raise AssertionError("a request ends in an outcome")


def post_many(
    feed: Source[M],
    build: Callable[[M], Request | Outcome],
    read: Callable[[Response], Outcome] = classify,
    *,
    slots: int = SLOTS,
    share: float = 0.25,
    deadline: float = DEADLINE_SECONDS,
    probe: bool = False,
) -> Iterator[tuple[M, Outcome]]:
    """Send all of `feed`, up to `slots` at once, each within `deadline` seconds; yield outcomes when known.

    `build` makes the request (or answers at once with an outcome), `read` the outcome. What either raises
    costs that message alone. One host has its `share` of the slots at most (all of them where a channel has
    but one provider); what is over waits a moment where the host is quick, and is answered `Later` where it
    is not. So is all that is for a host that rests (see `rests`, and `post` for `probe`). Closing the
    generator drops what is under way and keeps the connections that are idle.
    """
    engine, shelf = borrow(tuple(conf.get("ALLOWED_PRIVATE_NETWORKS")))
    try:
        yield from _Run(
            engine, feed, (build, read), slots, share=share, deadline=deadline, probe=probe
        ).outcomes()
    finally:
        give_back(engine, shelf)


def forget_rests() -> None:
    """Let every host be asked again at once, in this process: for tests, where time does not pass."""
    _rests.clear()


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
        *,
        share: float,
        deadline: float,
        probe: bool,
    ) -> None:
        self.engine, self.feed, self.slots, self.deadline = engine, feed, slots, deadline
        self.build, self.read = hooks
        self.probe = probe
        self.quarter = max(1, slots // 4)
        self.share = max(1, int(slots * share))
        self.shares = {LOOKUPS: min(self.quarter, MOST_LOOKUPS)}
        self.waiting: deque[M] = deque(feed)
        self.held: dict[str, deque[tuple[str, M, Request]]] = {}
        self.held_count = 0
        self.under_way: dict[str, int] = {}
        self.known: list[tuple[M, Outcome]] = []
        self.ask_at = self.look_at = 0.0
        self.ask_pause = LOOK_SECONDS

    def outcomes(self) -> Iterator[tuple[M, Outcome]]:
        try:
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
        finally:
            for slot in self.engine.busy.values():
                _rests.release(slot.job[0])

    def _refill(self) -> None:
        """Ask for more when a quarter of the slots is free; after an empty answer not before a while."""
        busy = len(self.engine.busy)
        free = self.slots - busy - len(self.waiting) - self.held_count
        if free < self.quarter or (busy and time.monotonic() < self.ask_at):
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
            origin, is_name = judged(request.url, self.engine.networks)
        except AddressBlocked as error:
            return Rejected(Cause.ADDRESS_BLOCKED, error.errors[0].message)
        except InvalidInput as error:
            return Rejected(Cause.BAD_SETTINGS, f"The URL {error.errors[0].message}")
        except Exception as error:
            return _bug("building", error)
        line = LOOKUPS if is_name and not _lines.of(origin).is_found else origin
        return self._enter(line, origin, message, request)

    def _enter(self, line: str, origin: str, message: M, request: Request) -> Outcome | None:
        if self._has_room(line):
            return self._send(line, origin, message, request)
        return self._hold(line, origin, message, request)

    def _send(self, line: str, origin: str, message: M, request: Request) -> Outcome | None:
        """Put a request under way, unless its far side rests."""
        wait = _rests.wait(origin, request, time.monotonic(), seconds=self.deadline, probe=self.probe)
        if wait is not None:
            return Later(Cause.HOST_RESTS, wait)
        try:
            self.engine.start(request, line, self.deadline, (origin, message))
        except Exception as error:
            _rests.release(origin)
            return _bug("starting", error)
        self.under_way[line] = self.under_way.get(line, 0) + 1
        return None

    def _has_room(self, line: str) -> bool:
        return self.under_way.get(line, 0) < self.shares.get(line, self.share)

    def _hold(self, line: str, origin: str, message: M, request: Request) -> Outcome | None:
        """The line has its share. A quick one will soon take this too; else it goes back for a while."""
        queue, now = self.held.setdefault(line, deque()), time.monotonic()
        if self._expected(line, len(queue), now) > HOLD_SECONDS:
            return self._away(line, now)
        queue.append((origin, message, request))
        self.held_count += 1
        return None

    def _expected(self, line: str, ahead: int, now: float) -> float:
        """Seconds until a message with `ahead` others before it has its turn."""
        if line != LOOKUPS:
            return _lines.of(line).expected(ahead, self.share)
        # Some names may never be found: as long as others are, there is room soon.
        return min(
            (now - slot.started for slot in self.engine.busy.values() if slot.line == line), default=0.0
        )

    def _away(self, line: str, now: float) -> Later:
        return Later(Cause.BUSY, _lines.of(line).place(now, self.shares.get(line, self.share)))

    def _collect(self) -> bool:
        """Take what has ended, and let the next message of the same host follow. True if anything had."""
        now, moved = time.monotonic(), False
        for slot, code, text in self.engine.finished():
            moved = True
            origin, message = slot.job
            self.known.append((message, self._outcome(slot, code, text)))
            host = _lines.of(origin)
            host.is_found = not code or slot.has_address
            host.learn(now - slot.started)
            self.under_way[slot.line] -= 1
            if self.held_count:
                self._follow(slot.line)
        if self.under_way.get(LOOKUPS):
            self._settle()
        if self.held_count and now >= self.look_at:
            self.look_at = now + LOOK_SECONDS
            self._look(now)
        return moved

    def _follow(self, line: str) -> None:
        """A place in the line is free: let the next have it."""
        queue = self.held.get(line)
        while queue and self._has_room(line):
            origin, message, request = queue.popleft()
            self.held_count -= 1
            own = origin if _lines.of(origin).is_found else line
            if (outcome := self._enter(own, origin, message, request)) is not None:
                self.known.append((message, outcome))

    def _settle(self) -> None:
        """Whose name has been found stands in the line of its own host from now on."""
        looking = [slot for slot in self.engine.busy.values() if slot.line == LOOKUPS]
        found = {slot.job[0] for slot in looking if slot.has_address}
        for slot in looking:
            if (origin := slot.job[0]) in found:
                _lines.of(origin).is_found = True
                slot.line = origin
                self.under_way[LOOKUPS] -= 1
                self.under_way[origin] = self.under_way.get(origin, 0) + 1
        if found:
            self._follow(LOOKUPS)

    def _outcome(self, slot: Slot, code: int, text: str) -> Outcome:
        request, status = slot.request, 0
        if code:
            outcome = failure(code, text, request, blocked=slot.blocked)
        else:
            response = slot.response()
            status = response.status
            try:
                outcome = self.read(response)
            except Exception as error:
                outcome = _bug("reading", error)
        change = _rests.learn(slot.job[0], request, outcome, time.monotonic(), status=status)
        if change is not None:
            _tell(change, slot.job[0])
        return outcome

    def _look(self, now: float) -> None:
        """Send away what was held for a host that turns out to be slow."""
        for slot in self.engine.busy.values():
            if slot.line != LOOKUPS and self.held.get(slot.line):
                _lines.of(slot.line).at_least(now - slot.started)
        for line, queue in self.held.items():
            while queue and self._expected(line, len(queue) - 1, now) > HOLD_SECONDS:
                _, message, _ = queue.pop()
                self.held_count -= 1
                self.known.append((message, self._away(line, now)))


def _tell(change: Change, origin: str) -> None:
    if change is Change.OPENED:
        logger.warning("%s failed %s times in a row; it is left alone for a while", origin, OPENS_AFTER)
    else:
        logger.info("%s answers again", origin)


def _bug(doing: str, error: Exception) -> Outcome:
    """A failure of our own code. The log tells where, not what: texts of errors hold settings."""
    where: list[Any] = traceback.format_tb(error.__traceback__)[-3:]
    logger.error("%s a request failed with %s\n%s", doing, type(error).__name__, "".join(where))
    return Retry(Cause.BUG, f"{type(error).__name__} while {doing} the request")
