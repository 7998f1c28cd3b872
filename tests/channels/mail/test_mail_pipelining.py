"""What goes over the wire, and when: a server that looks at the bytes before it answers (RFC 2920)."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.channels.email.mails import SMTP, MailFeed, event, messages, use_backend
from tocsin.channels.base import Sent
from tocsin.channels.email import EmailChannel
from tocsin.channels.mail import idle


class Wire:
    """One SMTP session, line by line. `early` holds what had come in behind a line when it was answered."""

    def __init__(self, *, pipelining, rcpt=b"250 ok\r\n", mails=3):
        self.mails = mails
        self.pipelining = pipelining
        self.rcpt = rcpt
        self.bodies = []
        self.early = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self.listener.getsockname()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.listener.close()
        idle.close()
        self.thread.join(5)

    def read(self, until, seconds=5.0):
        """The bytes up to and with `until`; b"" if they do not come."""
        self.peer.settimeout(seconds)
        seen = 0
        try:
            while (found := self.buffer.find(until, max(0, seen - len(until)))) < 0:
                seen = len(self.buffer)
                chunk = self.peer.recv(1 << 20)
                if not chunk:
                    return b""
                self.buffer += chunk
        except OSError:
            return b""
        end = found + len(until)
        taken = bytes(self.buffer[:end])
        del self.buffer[:end]
        return taken

    def serve(self):
        self.peer, _ = self.listener.accept()
        self.buffer = bytearray()
        with self.peer:
            self.peer.sendall(b"220 wire\r\n")
            self.read(b"\r\n")
            self.peer.sendall(b"250-wire\r\n250 PIPELINING\r\n" if self.pipelining else b"250 wire\r\n")
            while line := self.read(b"\r\n"):
                verb = line[:4]
                self.early.append((verb, self.peek(verb)))
                self.peer.sendall(
                    {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n", b"RCPT": self.rcpt}.get(
                        verb, b"250 ok\r\n"
                    )
                )
                if verb == b"DATA":
                    self.buffer[:0] = b"\r\n"
                    self.bodies.append(self.read(b"\r\n.\r\n"))
                    self.early.append((b".", self.peek(b".")))
                    self.peer.sendall(b"250 queued\r\n")

    def peek(self, verb):
        """The verbs that are there already; waits for those that must come without a reply."""
        if self.pipelining and verb == b"." and self.rcpt.startswith(b"250"):
            self.peer.settimeout(5.0)
            while self.buffer.count(b"\r\n") < 3 and self.more():
                self.buffer += self.peer.recv(65536)
        return [bytes(line[:4]) for line in self.buffer.split(b"\r\n")[:-1]]

    def more(self):
        return sum(verb == b"." for verb, _ in self.early) < self.mails - 1


def deliver(settings, wire, count=3, **changes):
    use_backend(settings, SMTP, host=wire.host, port=wire.port, timeout=5)
    return [outcome for _, outcome in EmailChannel().send_batch(MailFeed(messages(count, **changes)))]


@pytest.fixture(autouse=True)
def _own_connections():
    idle.close()
    yield
    idle.close()


def test_the_next_messages_commands_come_right_behind_the_body(settings):
    with Wire(pipelining=True) as wire:
        assert {type(outcome) for outcome in deliver(settings, wire)} == {Sent}
    ends = [early for verb, early in wire.early if verb == b"."]
    assert ends == [[b"MAIL", b"RCPT", b"DATA"], [b"MAIL", b"RCPT", b"DATA"], []]
    assert all(early == [] for verb, early in wire.early if verb == b"DATA"), "DATA ends a group"


def test_without_pipelining_each_command_waits_for_its_reply(settings):
    with Wire(pipelining=False) as wire:
        assert {type(outcome) for outcome in deliver(settings, wire)} == {Sent}
    assert [early for _, early in wire.early if early] == []


def test_a_go_ahead_without_a_recipient_is_answered_with_an_empty_message(settings):
    """RFC 2920, 3.1: a server may say 354 although it refused every recipient."""
    with Wire(pipelining=True, rcpt=b"550 5.1.1 no such user\r\n") as wire:
        outcomes = deliver(settings, wire)
    assert [outcome.disable_destination for outcome in outcomes] == [True] * 3
    assert wire.bodies == [b"\r\n.\r\n"] * 3


def test_what_the_socket_will_not_take_at_once_is_written_later(settings):
    events = tuple(event(id=f"event-{number}", body="x" * 250_000) for number in range(12))
    with Wire(pipelining=True, mails=1) as wire:
        assert {type(outcome) for outcome in deliver(settings, wire, 1, events=events)} == {Sent}
    [content] = wire.bodies
    assert len(content) > 6_000_000
    assert content.count(b"Content-Type: text/html") == 1
    assert content.endswith(b"--\r\n.\r\n")
