"""The other path: whatever mail backend the project has, one message at a time."""

from __future__ import annotations

import smtplib
import socket

import pytest
from django.core import mail
from django.core.mail.backends import smtp
from django.core.mail.backends.base import BaseEmailBackend

from tests.channels.email.mails import MailFeed, message, messages, use_backend
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.channels.email import EmailChannel
from tocsin.channels.outcomes import Later

HERE = __name__


class Scripted(BaseEmailBackend):
    """Answers as `script` says, and counts."""

    script = staticmethod(lambda sent: 1)
    opened = closed = 0

    def open(self):
        Scripted.opened += 1

    def close(self):
        Scripted.closed += 1

    def send_messages(self, email_messages):
        [each] = email_messages
        return Scripted.script(each)


class Silent(smtp.EmailBackend):
    """A subclass, so that it is not taken for Django's own."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fail_silently = True


@pytest.fixture
def scripted(settings, monkeypatch):
    settings.TOCSIN = {}
    use_backend(settings, f"{HERE}.Scripted")

    def use(script):
        monkeypatch.setattr(Scripted, "script", staticmethod(script))
        monkeypatch.setattr(Scripted, "closed", 0)

    return use


def deliver(given, seconds=30.0):
    channel = EmailChannel()
    channel.deadline_seconds = seconds
    return {item.target.identity: outcome for item, outcome in channel.send_batch(MailFeed(given))}


def test_locmem_gets_text_and_html(settings):
    use_backend(settings, "django.core.mail.backends.locmem.EmailBackend")
    outcomes = deliver([message("ana@example.net", name="Ana")])
    [sent] = mail.outbox
    assert type(outcomes["ana@example.net"]) is Sent
    assert outcomes["ana@example.net"].provider_id == "<key-1@example.org>"
    assert sent.to == ["Ana <ana@example.net>"]
    assert "1 200 €, see the invoice (https://x.example/42)" in sent.body
    assert "<strong>1 200 €</strong>" in sent.alternatives[0][0]
    assert sent.extra_headers["Message-ID"] == "<key-1@example.org>"


def test_one_failure_costs_no_other_message(scripted):
    faults = {
        "u1": smtplib.SMTPRecipientsRefused({"u1@example.net": (550, b"5.1.1 no")}),
        "u2": TimeoutError(),
        "u3": ValueError("bug"),
        "u4": smtplib.SMTPServerDisconnected(),
    }

    def script(sent):
        name = sent.to[0].partition("@")[0]
        if name in faults:
            raise faults[name]
        return 1

    scripted(script)
    outcomes = deliver([*messages(6), message("x\x00@example.net", number=7)])
    assert [(type(o), getattr(o, "cause", None)) for o in outcomes.values()] == [
        (Rejected, Cause.REFUSED_RECIPIENT),
        (Retry, Cause.TIMEOUT),
        (Retry, Cause.BUG),
        (Retry, Cause.DISCONNECTED),
        (Sent, None),
        (Sent, None),
        (Rejected, Cause.BAD_SETTINGS),
    ]
    assert Scripted.closed == 5, "a connection that failed is not used again, and the last one is closed"


@pytest.mark.parametrize(
    ("returned", "kind"), [(1, Sent), (None, Sent), (True, Sent), (0, Retry), (False, Retry)]
)
def test_a_backend_that_says_it_sent_nothing_is_believed(scripted, returned, kind):
    scripted(lambda sent: returned)
    assert type(deliver([message()])["ana@example.net"]) is kind


def test_the_providers_id_is_kept(scripted):
    def script(sent):
        sent.anymail_status = type("Status", (), {"message_id": "anymail-7"})()
        return 1

    scripted(script)
    assert deliver([message()])["ana@example.net"] == Sent("<key-1@example.org> anymail-7")


def test_what_is_left_at_the_deadline_goes_back_untried(scripted):
    scripted(lambda sent: 1)
    assert set(deliver(messages(3), seconds=-1).values()) == {Later(Cause.BUSY)}


def test_a_backend_set_to_fail_silently_does_not(settings):
    """A refused connection would otherwise count as sent."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        use_backend(settings, f"{HERE}.Silent", host="127.0.0.1", port=port)
        outcome = deliver([message()])["ana@example.net"]
    assert (type(outcome), outcome.cause) == (Retry, Cause.REFUSED)
