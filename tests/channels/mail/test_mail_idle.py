"""Connections between two batches: used again while they are good, closed when they are not used."""

from __future__ import annotations

import time

import pytest

from tests.channels.email.mails import SMTP, MailFeed, messages, use_backend
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.channels.base import Sent
from tocsin.channels.email import EmailChannel
from tocsin.channels.mail import idle


@pytest.fixture
def server(settings):
    idle.close()
    with SmtpCatcher() as server:
        use_backend(settings, SMTP, host=server.host, port=server.port, timeout=5)
        yield server
    idle.close()


def deliver():
    return {type(outcome) for _, outcome in EmailChannel().send_batch(MailFeed(messages(2)))}


def wait_until(condition):
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_a_connection_is_used_again(server):
    assert deliver() == deliver() == {Sent}
    assert server.sessions == 1


def test_a_connection_that_nobody_uses_is_closed_with_quit(server, monkeypatch):
    monkeypatch.setattr(idle, "IDLE_SECONDS", 0.05)
    assert deliver() == {Sent}
    wait_until(lambda: server.open_sessions == 0)


def test_a_connection_that_sat_too_long_is_not_used_again(server, monkeypatch):
    assert deliver() == {Sent}
    monkeypatch.setattr(idle, "IDLE_SECONDS", 0.0)
    assert deliver() == {Sent}
    assert server.sessions == 2


def test_a_connection_that_the_server_closed_is_not_used_again(server):
    assert deliver() == {Sent}
    [(_, key, session)] = idle.kept()
    server.close_sessions()
    wait_until(lambda: not idle.silent(session))
    assert idle.take(key) is None
    assert idle.kept() == []
    assert deliver() == {Sent}


def test_another_server_gets_a_connection_of_its_own(server, settings):
    assert deliver() == {Sent}
    with SmtpCatcher() as other:
        use_backend(settings, SMTP, host=other.host, port=other.port, timeout=5)
        assert deliver() == {Sent}
        assert (server.sessions, other.sessions) == (1, 1)
        idle.close()
