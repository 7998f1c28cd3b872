"""A claim's worth of requests under way at once: what waits, what is on hold, what is known. One run, one thread."""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from tocsin.channels.http.classify import failure
from tocsin.channels.http.conversation import Turn
from tocsin.channels.http.gaps import Gaps
from tocsin.channels.http.lines import HOLD_SECONDS, LOOKUPS, MOST_LOOKUPS, Lines
from tocsin.channels.http.rests import OPENS_AFTER, Change, Rests
from tocsin.channels.http.shared import SharedRests
from tocsin.channels.http.urls import AddressBlocked, judged
from tocsin.channels.outcomes import Cause, Later, Outcome, Rejected, Retry, Sent
from tocsin.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.channels.http.engine import Engine, Slot

M = TypeVar("M")
T = TypeVar("T")
LEAST_SECONDS = 0.001
"""What a request has that follows when the message's time is over: curl takes 0 for "no limit"."""
LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.01, 0.04
"""How soon to ask an empty feed again (first, and at most), and to look again at what waits for a slow host."""

logger = logging.getLogger("tocsin.channels.http")
_lines = Lines()
_rests = SharedRests(Rests())
_gaps = Gaps()


class Source(Protocol[T]):
    """Where the work comes from: `channels.base.Feed` is one for messages."""

    def __iter__(self) -> Iterator[T]: ...

    def more(self, free: int) -> list[T]:
        """Up to `free` further ones. Asked every 10 to 40 ms while slots are free: "none" must be cheap."""
        ...


def forget_rests() -> None:
    """Let every host be asked again at once, in this process: for tests, where time does not pass."""
    _rests.clear()
    _gaps.clear()


class _Job(NamedTuple):
    """A request of a message, with what is to be done with the answer."""

    message: Any
    turn: Turn
    origin: str
    ends: float
    """When the message's time is over, of the monotonic clock; 0.0 until its first request is sent."""


class Run(Generic[M]):
    """One call of `post_many` or `converse_many`."""

    def __init__(
        self,
        engine: Engine,
        feed: Source[M],
        begin: Callable[[M], Turn | Outcome],
        slots: int,
        *,
        share: float,
        deadline: float,
        probe: bool,
    ) -> None:
        self.engine, self.feed, self.slots, self.deadline = engine, feed, slots, deadline
        self.begin = begin
        self.probe = probe
        self.quarter = max(1, slots // 4)
        self.share = max(1, int(slots * share))
        self.shares = {LOOKUPS: min(self.quarter, MOST_LOOKUPS)}
        self.waiting: deque[M] = deque(feed)
        self.held: dict[str, deque[_Job]] = {}
        self.held_count = 0
        self.apart: list[tuple[float, str, _Job]] = []
        """What keeps its distance from the request before it: until when, and in which line."""
        self.under_way: dict[str, int] = {}
        self.known: list[tuple[M, Outcome]] = []
        self.ask_at = self.look_at = 0.0
        self.ask_pause = LOOK_SECONDS

    def outcomes(self) -> Iterator[tuple[M, Outcome]]:
        try:
            while True:
                self._refill()
                self._resume()
                self._start()
                moved = self._collect()
                if self.known:
                    known, self.known = self.known, []
                    yield from known
                elif not self.engine.busy and not self.waiting and not self.apart:
                    return
                elif not moved and self.engine.busy:
                    self.engine.wait()
                elif not moved:
                    time.sleep(LOOK_SECONDS)
        finally:
            for slot in self.engine.busy.values():
                _rests.release(slot.job.origin)

    def _refill(self) -> None:
        """Ask for more when a quarter of the slots is free; after an empty answer not before a while."""
        busy = len(self.engine.busy)
        free = self.slots - busy - len(self.waiting) - self.held_count - len(self.apart)
        if free < self.quarter or ((busy or self.apart) and time.monotonic() < self.ask_at):
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
        """Make the first request and put it under way or on hold; the outcome where it is known already."""
        try:
            turn = self.begin(message)
        except Exception as error:
            return _bug("building", error)
        return self._route(message, turn, 0.0) if isinstance(turn, Turn) else turn

    def _route(self, message: M, turn: Turn, ends: float) -> Outcome | None:
        try:
            origin, is_name = judged(turn.request.url, self.engine.networks)
        except AddressBlocked as error:
            return Rejected(Cause.ADDRESS_BLOCKED, error.errors[0].message)
        except InvalidInput as error:
            return Rejected(Cause.BAD_SETTINGS, f"The URL {error.errors[0].message}")
        except Exception as error:
            return _bug("building", error)
        line = LOOKUPS if is_name and not _lines.of(origin).is_found else origin
        return self._enter(line, _Job(message, turn, origin, ends))

    def _enter(self, line: str, job: _Job) -> Outcome | None:
        return self._send(line, job) if self._has_room(line) else self._hold(line, job)

    def _send(self, line: str, job: _Job) -> Outcome | None:
        """Put a request under way, unless it is too soon for it or its far side rests."""
        now, request = time.monotonic(), job.turn.request
        if request.gap and (gap := _gaps.wait(job.origin, request, now)):
            return self._wait_apart(line, job, now, gap)
        wait = _rests.wait(job.origin, request, now, seconds=self.deadline, probe=self.probe)
        if wait is not None:
            return Later(Cause.HOST_RESTS, wait)
        seconds = max(job.ends - now, LEAST_SECONDS) if job.ends else self.deadline
        job = job._replace(ends=now + seconds)
        try:
            self.engine.start(request, line, seconds, job)
        except Exception as error:
            _rests.release(job.origin)
            return _bug("starting", error)
        self.under_way[line] = self.under_way.get(line, 0) + 1
        return None

    def _wait_apart(self, line: str, job: _Job, now: float, gap: float) -> Outcome | None:
        """Keep it until the gap is over; what has no time left for that goes back."""
        if job.ends and now + gap >= job.ends:
            return Later(Cause.BUSY, gap)
        self.apart.append((now + gap, line, job))
        return None

    def _resume(self) -> None:
        """Let those go on whose distance is kept; who is not the first of them waits once more."""
        if not self.apart:
            return
        now, apart, self.apart = time.monotonic(), self.apart, []
        for until, line, job in apart:
            if until > now:
                self.apart.append((until, line, job))
            elif (outcome := self._enter(line, job)) is not None:
                self.known.append((job.message, outcome))

    def _has_room(self, line: str) -> bool:
        return self.under_way.get(line, 0) < self.shares.get(line, self.share)

    def _hold(self, line: str, job: _Job) -> Outcome | None:
        """The line has its share. A quick one will soon take this too; else it goes back for a while."""
        queue, now = self.held.setdefault(line, deque()), time.monotonic()
        if self._expected(line, len(queue), now) > HOLD_SECONDS:
            return self._away(line, now)
        queue.append(job)
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
            job: _Job = slot.job
            result = self._result(slot, code, text)
            host = _lines.of(job.origin)
            host.is_found = not code or slot.has_address
            host.learn(now - slot.started)
            self.under_way[slot.line] -= 1
            if slot.request.gap:
                _gaps.ended(job.origin, slot.request, time.monotonic())
            outcome = self._route(job.message, result, job.ends) if isinstance(result, Turn) else result
            if outcome is not None:
                self.known.append((job.message, outcome))
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
            job = queue.popleft()
            self.held_count -= 1
            own = job.origin if _lines.of(job.origin).is_found else line
            if (outcome := self._enter(own, job)) is not None:
                self.known.append((job.message, outcome))

    def _settle(self) -> None:
        """Whose name has been found stands in the line of its own host from now on."""
        looking = [slot for slot in self.engine.busy.values() if slot.line == LOOKUPS]
        found = {slot.job.origin for slot in looking if slot.has_address}
        for slot in looking:
            if (origin := slot.job.origin) in found:
                _lines.of(origin).is_found = True
                slot.line = origin
                self.under_way[LOOKUPS] -= 1
                self.under_way[origin] = self.under_way.get(origin, 0) + 1
        if found:
            self._follow(LOOKUPS)

    def _result(self, slot: Slot, code: int, text: str) -> Turn | Outcome:
        """What the answer leads to: the next request of the message, or its outcome."""
        job: _Job = slot.job
        result: Turn | Outcome
        status = 0
        if code:
            result = failure(code, text, slot.request, blocked=slot.blocked)
        else:
            response = slot.response()
            status = response.status
            try:
                result = job.turn.answered(response)
            except Exception as error:
                result = _bug("reading", error)
        outcome = Sent() if isinstance(result, Turn) else result
        change = _rests.learn(job.origin, slot.request, outcome, time.monotonic(), status=status)
        if change is not None:
            _tell(change, job.origin)
        return result

    def _look(self, now: float) -> None:
        """Send away what was held for a host that turns out to be slow."""
        for slot in self.engine.busy.values():
            if slot.line != LOOKUPS and self.held.get(slot.line):
                _lines.of(slot.line).at_least(now - slot.started)
        for line, queue in self.held.items():
            while queue and self._expected(line, len(queue) - 1, now) > HOLD_SECONDS:
                job = queue.pop()
                self.held_count -= 1
                self.known.append((job.message, self._away(line, now)))


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
