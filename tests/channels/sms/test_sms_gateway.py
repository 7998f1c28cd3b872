"""Text messages through a mail gateway, over a real SMTP server."""

from __future__ import annotations

import pytest
from django.core import mail as django_mail

from tests.channels.email.mails import SMTP, use_backend
from tests.channels.sms.texts import NUMBER, deliver, text_to, texts
from tests.servers.sms_provider import SmsProvider
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.channels.mail import idle
from tocsin.channels.sms import SmsChannel, gateway


@pytest.fixture(autouse=True)
def _gateway(settings):
    settings.TOCSIN = {"SMS_GATEWAY_ADDRESS": "sms@example.com"}
    idle.close()
    yield
    idle.close()


@pytest.fixture
def gate(settings):
    with SmtpCatcher() as server:
        use_backend(settings, SMTP, host=server.host, port=server.port)
        yield server


def test_the_number_follows_the_local_part(settings):
    assert gateway.address_for("+345656787643") == "sms+345656787643@example.com"


def test_a_message_is_a_plain_mail_without_a_subject(gate):
    assert type(SmsChannel().send(text_to(body="See **Ω** & 🚨", url="", actions=()))) is Sent
    [caught] = gate.accepted
    assert caught.recipients == [f"sms{NUMBER}@example.com"]
    assert caught.parsed.get_content_type() == "text/plain"
    assert caught.parsed.get_content().splitlines() == ["Invoice 42 is paid", "See Ω & 🚨"]
    assert not caught.parsed["Subject"]
    assert caught.parsed["To"] == f"sms{NUMBER}@example.com"
    assert caught.parsed["From"] == "Tocsin <tocsin@example.org>"
    assert caught.parsed["Message-ID"] == "<key-1@example.org>"
    assert caught.parsed["Auto-Submitted"] == "auto-generated"


def test_other_mail_backends_say_the_same(settings):
    use_backend(settings, "django.core.mail.backends.locmem.EmailBackend")
    assert type(SmsChannel().send(text_to(url="", actions=(), body=""))) is Sent
    [sent] = django_mail.outbox
    assert (sent.to, sent.subject, sent.body) == ([f"sms{NUMBER}@example.com"], "", "Invoice 42 is paid\n")
    assert sent.alternatives == []
    assert sent.message().get_content_type() == "text/plain"


def test_each_number_has_an_outcome_of_its_own_and_none_is_disabled(gate):
    gate.rcpt = lambda address: {"1": "550 5.1.1 no such user", "2": "450 4.2.1 later"}.get(
        address.partition("@")[0][-1]
    )
    outcomes = deliver(texts(30))
    for number, outcome in outcomes.items():
        if number[-1] == "1":
            assert outcome == Rejected(Cause.REFUSED_RECIPIENT, "550 5.1.1 no such user")
        else:
            assert type(outcome) is (Retry if number[-1] == "2" else Sent)
    assert len(gate.accepted) == 24


def test_a_destination_without_a_number_reaches_nobody(gate):
    outcomes = deliver([text_to(""), text_to("evil@example.net\r\nRCPT", 2), text_to(delivery=3)])
    assert [type(outcome) for outcome in outcomes.values()] == [Rejected, Rejected, Sent]
    assert [caught.recipients for caught in gate.messages] == [[f"sms{NUMBER}@example.com"]]


def test_the_provider_wins_where_both_are_set(gate, settings):
    with SmsProvider() as server:
        settings.TOCSIN = settings.TOCSIN | {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "SMS_HTTP": server.settings,
        }
        assert type(SmsChannel().send(text_to())) is Sent
        assert {type(outcome) for outcome in deliver(texts(2)).values()} == {Sent}
    assert len(server.texts) == 3
    assert not gate.messages
