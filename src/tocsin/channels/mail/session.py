"""One SMTP connection in the midst of sending: what was asked, what was answered, what to write next.

RFC 2920: MAIL, RCPT and DATA of a message go out right behind the body of the one before it, in one write.
"""

from __future__ import annotations

import ssl
from collections import deque
from typing import TYPE_CHECKING, Protocol

from tocsin.channels.mail import replies
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Sent

if TYPE_CHECKING:
    from tocsin.channels.base import Message
    from tocsin.channels.mail.opening import Opened
    from tocsin.channels.mail.wire import Mail

CHUNK = 65_536
LONGEST_LINE = 8_192
AGAIN = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
RSET, MAIL, RCPT, DATA, DOT, EMPTY_DOT = range(6)
"""What a reply answers to. EMPTY_DOT ends a message of which the server had refused sender or recipient."""


class Job:
    """One mail on its way."""

    __slots__ = ("again", "deadline", "handed_over", "mail", "message", "refusal")

    def __init__(self, message: Message, mail: Mail) -> None:
        self.message = message
        self.mail = mail
        self.refusal: Outcome | None = None
        self.again = False
        self.renew(0.0)

    def renew(self, deadline: float) -> None:
        """Set out on a (new) connection, to be answered by `deadline` (monotonic)."""
        self.deadline = deadline
        self.handed_over = False


class Desk(Protocol):
    """Who gives a session its work and takes the results."""

    def next_job(self) -> Job | None: ...

    def finish(self, job: Job, outcome: Outcome) -> None: ...


class Closing(Exception):
    """The server closes the session (421): what it has not answered it has not taken."""


class Session:
    """A connection and the replies it owes."""

    def __init__(self, opened: Opened, *, reused: bool = False) -> None:
        self.opened = opened
        self.sock = opened.sock
        self.sock.setblocking(False)
        self.reused = reused
        self.fruitful = False
        self.dirty = False
        self.writing = False
        self.unsent = b""
        self._expected: deque[tuple[int, Job]] = deque()
        self._commands: deque[tuple[int, bytes]] = deque()
        self._input = b""

    @property
    def at_rest(self) -> bool:
        """Nothing is under way: the connection can take a message, or be kept for later."""
        return not self._expected and not self.unsent

    @property
    def deadline(self) -> float:
        """When the oldest mail under way must have been answered (monotonic)."""
        return self._expected[0][1].deadline if self._expected else float("inf")

    def in_flight(self) -> list[Job]:
        """The mails under way, oldest first."""
        return list(dict.fromkeys(job for _, job in self._expected))

    def start(self, desk: Desk) -> None:
        """Begin the next mail, if there is one."""
        if (job := self._next(desk)) is not None:
            self._write(self._envelope(job))

    def on_readable(self, desk: Desk) -> None:
        """Take what has come in. Raises `Closing` or `OSError` when the connection is of no more use."""
        while True:
            try:
                chunk = self.sock.recv(CHUNK)
            except AGAIN:
                return
            if not chunk:
                raise ConnectionResetError("the server closed the connection")
            *lines, self._input = (self._input + chunk).split(b"\n")
            for line in lines:
                if line[3:4] != b"-":
                    self._reply(line, desk)
            if len(self._input) > LONGEST_LINE:
                raise ConnectionError("the server's reply has no end")
            if len(chunk) < CHUNK and not isinstance(self.sock, ssl.SSLSocket):
                return

    def on_writable(self) -> None:
        """Go on writing what the socket would not take."""
        data, self.unsent = self.unsent, b""
        self._write(data)

    def _write(self, data: bytes) -> None:
        if self.unsent:
            self.unsent += data
            return
        try:
            sent = self.sock.send(data)
        except AGAIN:
            sent = 0
        if sent < len(data):
            self.unsent = data[sent:]

    def _next(self, desk: Desk) -> Job | None:
        limit = self.opened.max_bytes
        while (job := desk.next_job()) is not None:
            if limit and job.mail.size > limit:
                desk.finish(
                    job, Rejected(Cause.TOO_LARGE, f"{job.mail.size} bytes; the server takes {limit}")
                )
                continue
            return job
        return None

    def _envelope(self, job: Job) -> bytes:
        mail = job.mail
        commands = [(MAIL, mail.mail_from), (RCPT, mail.rcpt_to), (DATA, b"DATA\r\n")]
        if self.dirty:
            commands.insert(0, (RSET, b"RSET\r\n"))
            self.dirty = False
        if not self.opened.pipelining:
            first, *rest = commands
            self._commands = deque(rest)
            commands = [first]
        self._expected.extend((step, job) for step, _ in commands)
        return b"".join(command for _, command in commands)

    def _reply(self, line: bytes, desk: Desk) -> None:
        code = int(line[:3]) if line[:3].isdigit() else 0
        if code == 421 or not self._expected:
            raise Closing(replies.describe(code, line[4:]))
        step, job = self._expected.popleft()
        if step == DOT:
            self._answered(job, code, line[4:], desk)
        elif step == DATA:
            self._body(job, code, line[4:], desk)
        elif step == EMPTY_DOT:
            self._give_up(job, job.refusal, desk)
        else:
            if step != RSET and not 200 <= code < 300 and job.refusal is None:
                refused = replies.sender_refused if step == MAIL else replies.recipient_refused
                job.refusal = refused(code, line[4:])
            if not self.opened.pipelining:
                self._step_on(job, desk)

    def _step_on(self, job: Job, desk: Desk) -> None:
        """Without pipelining: the next command, or the next mail if this one was refused."""
        if job.refusal is not None:
            self._give_up(job, job.refusal, desk)
            return
        step, command = self._commands.popleft()
        self._expected.append((step, job))
        self._write(command)

    def _body(self, job: Job, code: int, text: bytes, desk: Desk) -> None:
        if code != 354:
            self._give_up(job, job.refusal or replies.message_refused(code, text), desk)
            return
        if job.refusal is not None:
            self._expected.append((EMPTY_DOT, job))
            self._write(b".\r\n")
            return
        job.handed_over = True
        self._expected.append((DOT, job))
        following = self._next(desk) if self.opened.pipelining else None
        self._write(job.mail.content(self._envelope(following) if following else b""))

    def _answered(self, job: Job, code: int, text: bytes, desk: Desk) -> None:
        if 200 <= code < 300:
            self.fruitful = True
            said = text.decode("ascii", "replace").strip()
            desk.finish(
                job, Sent(f"{job.mail.message_id} {said}" if said.isprintable() else job.mail.message_id)
            )
        else:
            desk.finish(job, replies.message_refused(code, text))
        if not self._expected:
            self.start(desk)

    def _give_up(self, job: Job, refusal: Outcome | None, desk: Desk) -> None:
        """The transaction may still be open on the far side: the next mail begins with RSET."""
        self.fruitful = True
        self.dirty = True
        desk.finish(job, refusal or replies.message_refused(0, b""))
        self.start(desk)
