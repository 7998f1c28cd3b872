"""Far sides that rest, as all workers know them: one circuit for each host, one pause for each account.

Each keeps tables of its own, asks the board once a second while it sends, and writes to it when something changes. A
board that is away changes nothing but that: each goes by what it knows.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Protocol

from tocsin.channels.http.rests import Change, Rests
from tocsin.channels.outcomes import Retry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.channels.http.exchange import Request
    from tocsin.channels.http.rests import Told
    from tocsin.channels.outcomes import Outcome

READ_SECONDS = 1.0
WORTH_SECONDS = 1.0
"""A rest that ends sooner, or was told to end less than this earlier, is not told."""
MOST_TOLD = 4096

logger = logging.getLogger("tocsin.channels.http")


class Board(Protocol):
    """Where workers tell one another. Any of these may raise; then nobody is told."""

    def read(self) -> list[Told]:
        """All that rests, and circuits that may be probed."""
        ...

    def tell(self, told: Sequence[Told]) -> None: ...

    def close(self, origin: str) -> None:
        """The circuit of a host is closed."""
        ...

    def may_probe(self, origin: str, seconds: float) -> bool:
        """Whether this worker is the one to probe, for so long at most; true once for all who ask."""
        ...


_here = threading.local()


@contextlib.contextmanager
def sharing(board: Board) -> Iterator[None]:
    """Let what this thread sends meanwhile heed the board, and be told on it."""
    before, _here.board = getattr(_here, "board", None), board
    try:
        yield
    finally:
        _here.board = before


class SharedRests:
    """`Rests`, with a board where the thread has one."""

    def __init__(self, rests: Rests) -> None:
        self._rests = rests
        self._read_at = float("-inf")
        self._reading = threading.Lock()
        self._told: dict[tuple[str, str, bool], float] = {}

    def wait(
        self, origin: str, request: Request, now: float, *, seconds: float, probe: bool = False
    ) -> float | None:
        """See `Rests.wait`."""
        board: Board | None = getattr(_here, "board", None)
        if board is not None and now - self._read_at >= READ_SECONDS:
            self._read(board, now)

        def may_probe() -> bool:
            free = True
            if board is not None:
                with _alone("asking to probe"):
                    free = board.may_probe(origin, seconds)
            return free

        return self._rests.wait(origin, request, now, seconds=seconds, probe=probe, may_probe=may_probe)

    def learn(
        self, origin: str, request: Request, outcome: Outcome, now: float, *, status: int = 0
    ) -> Change | None:
        """See `Rests.learn`."""
        change = self._rests.learn(origin, request, outcome, now, status=status)
        board: Board | None = getattr(_here, "board", None)
        if board is None:
            return change
        with _alone("telling"):
            if change is Change.CLOSED:
                self._told.pop((origin, "", True), None)
                board.close(origin)
            elif isinstance(outcome, Retry):
                self._tell(board, self._rests.told(origin, request, now), now)
        return change

    def release(self, origin: str) -> None:
        self._rests.release(origin)

    def clear(self) -> None:
        self._rests.clear()
        self._told.clear()
        self._read_at = float("-inf")

    def _tell(self, board: Board, told: Sequence[Told], now: float) -> None:
        news = [one for one in told if one.seconds >= WORTH_SECONDS and self._is_news(one, now)]
        if not news:
            return
        board.tell(news)
        if len(self._told) > MOST_TOLD:
            self._told.clear()
        for one in news:
            self._told[one.origin, one.account, bool(one.backoff)] = now + one.seconds
            if one.backoff:
                self._rests.heard(one.origin)

    def _is_news(self, one: Told, now: float) -> bool:
        known = self._told.get((one.origin, one.account, bool(one.backoff)), 0.0)
        return now + one.seconds >= known + WORTH_SECONDS

    def _read(self, board: Board, now: float) -> None:
        """Once for all threads; who comes meanwhile goes on with what is known."""
        if not self._reading.acquire(blocking=False):
            return
        try:
            self._read_at = now
            with _alone("reading"):
                self._rests.adopt(board.read(), now)
        finally:
            self._reading.release()


@contextlib.contextmanager
def _alone(doing: str) -> Iterator[None]:
    """A board that fails must not cost a message anything."""
    try:
        yield
    except Exception as error:
        logger.warning(
            "%s what far sides rest: %s; this worker goes by what it knows", doing, type(error).__name__
        )
