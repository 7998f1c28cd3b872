"""Many mails over several connections at once: one thread, one selector, outcomes as they become known."""

from __future__ import annotations

import logging
import time
from collections import deque
from selectors import EVENT_READ as READ
from selectors import EVENT_WRITE as WRITE
from selectors import DefaultSelector
from typing import TYPE_CHECKING

from tocsin.channels.mail import idle, replies
from tocsin.channels.mail.opening import open_connection, server_of
from tocsin.channels.mail.session import Closing, Job, Session
from tocsin.channels.outcomes import Cause, Later, Outcome, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.core.mail.backends.smtp import EmailBackend

    from tocsin.channels.base import Feed, Message

logger = logging.getLogger("tocsin.channels.mail")

CONNECTIONS = 8
MAILS_PER_CONNECTION = 16
"""A further connection is opened only for as many mails as this."""
TICK = 0.2
BARREN = 3
"""After so many connections in a row that broke without an answer to a single mail, the server is let alone."""


class Pump:
    """Sends what a feed gives. `compose` makes a mail of a message, or answers for it."""

    def __init__(
        self,
        feed: Feed,
        backend: EmailBackend,
        compose: Callable[[Message], Job | Outcome],
        *,
        batch_size: int,
        seconds: float,
    ) -> None:
        self.feed = feed
        self.backend = backend
        self.server = server_of(backend)
        self.compose = compose
        self.batch_size = batch_size
        self.seconds = seconds
        self.selector = DefaultSelector()
        self.sessions: list[Session] = []
        self.finished: deque[tuple[Message, Outcome]] = deque()
        self.waiting: deque[Message | Job] = deque()
        self.open_count = 0
        self.dry = self.crowded = self.alive = False
        self.barren = 0
        self.next_look = 0.0
        self.fault = Retry(Cause.DISCONNECTED)

    def run(self) -> Iterator[tuple[Message, Outcome]]:
        """Send all there is, and yield each outcome once. Closing the generator closes the connections."""
        try:
            self._take(list(self.feed))
            while self.open_count:
                self._staff()
                self._turn()
                while self.finished:
                    yield self.finished.popleft()
                self._refill()
        finally:
            self._close()

    def next_job(self) -> Job | None:
        """The next mail to send; messages that cannot become one are answered on the way."""
        while self.waiting:
            item = self.waiting.popleft()
            made = item if isinstance(item, Job) else self._composed(item)
            if made is not None:
                made.renew(time.monotonic() + self.seconds)
                return made
        return None

    def _composed(self, message: Message) -> Job | None:
        made = self.compose(message)
        if isinstance(made, Job):
            return made
        self._answer(message, made)
        return None

    def finish(self, job: Job, outcome: Outcome) -> None:
        """The server has answered for this mail."""
        self.alive = True
        self.barren = 0
        self._answer(job.message, outcome)

    def _answer(self, message: Message, outcome: Outcome) -> None:
        self.open_count -= 1
        self.finished.append((message, outcome))

    def _take(self, messages: list[Message]) -> None:
        self.waiting.extend(messages)
        self.open_count += len(messages)
        self.deadline = time.monotonic() + self.seconds

    def _refill(self) -> None:
        free = self.batch_size - self.open_count
        if self.dry or free * 4 < self.batch_size:
            return
        further = self.feed.more(free)
        self.dry = not further
        if further:
            self._take(further)

    def _staff(self) -> None:
        """Find connections for the mails that wait; without any, say of all of them why."""
        if self.waiting:
            for session in [session for session in self.sessions if session.at_rest]:
                self._step(session, 0)
        while self.waiting and not self.crowded and self.barren < BARREN:
            if len(self.sessions) >= min(CONNECTIONS, 1 + len(self.waiting) // MAILS_PER_CONNECTION):
                return
            self._open()
        if not self.sessions:
            self._answer_waiting(self.fault)

    def _open(self) -> None:
        try:
            session = idle.take(self.server) or Session(
                open_connection(self.backend, self.deadline - time.monotonic())
            )
        except Exception as error:
            logger.warning(
                "e-mail: cannot open %s:%s: %s", self.server.host, self.server.port, type(error).__name__
            )
            self.fault = replies.failed(error)
            self.crowded = True
            return
        self.sessions.append(session)
        self.selector.register(session.sock, READ, session)
        self._step(session, 0)

    def _turn(self) -> None:
        """Wait for the sockets once, and let each session take its step."""
        if not self.sessions:
            return
        for key, events in self.selector.select(TICK):
            self._step(key.data, events)
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + TICK
        for session in [session for session in self.sessions if session.deadline <= now]:
            self._lost(session, TimeoutError("no answer in time"))
        if now > self.deadline:
            self._answer_waiting(
                Later(Cause.BUSY) if self.alive else replies.failed(TimeoutError("timed out"))
            )

    def _step(self, session: Session, events: int) -> None:
        try:
            if events & WRITE:
                session.on_writable()
            if events & READ:
                session.on_readable(self)
            if not events:
                session.start(self)
        except (Closing, OSError) as error:
            self._lost(session, error)
            return
        if bool(session.unsent) != session.writing:
            session.writing = bool(session.unsent)
            self.selector.modify(session.sock, READ | WRITE if session.writing else READ, session)

    def _lost(self, session: Session, error: Exception) -> None:
        """A connection is gone. What it had not handed over goes out on another one.

        Once; and again only where the server closes sessions that it has used, so that the work always ends.
        """
        self._drop(session)
        self.crowded = False
        useful = session.fruitful or session.reused
        self.barren += not useful
        closing = isinstance(error, Closing)
        self.fault = Retry(Cause.THROTTLED, str(error)) if closing else replies.failed(error)
        for job in session.in_flight():
            if job.handed_over and not closing:
                detail = "it may have been sent: no answer after the final dot"
                self._answer(job.message, Retry(self.fault.cause, detail))
            elif isinstance(error, TimeoutError) or (job.again and not (closing and useful)):
                self._answer(job.message, self.fault)
            else:
                job.again = True
                self.waiting.append(job)

    def _answer_waiting(self, outcome: Outcome) -> None:
        waiting, self.waiting = self.waiting, deque()
        for item in waiting:
            self._answer(item.message if isinstance(item, Job) else item, outcome)

    def _drop(self, session: Session) -> None:
        self.sessions.remove(session)
        self.selector.unregister(session.sock)
        session.sock.close()

    def _close(self) -> None:
        """Keep what can be used again; break off the rest."""
        for session in list(self.sessions):
            self.selector.unregister(session.sock)
            if session.at_rest:
                idle.keep(self.server, session)
            else:
                session.sock.close()
        self.sessions.clear()
        self.selector.close()
