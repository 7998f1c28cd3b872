"""A test message: sent at once, with the real outcome, and not too often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.channels.email.mails import SMTP, use_backend
from tests.servers.http_sink import HttpSink, Reply
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Cause, Rejected, Retry, Sent
from tocsin.deliveries.models import Delivery
from tocsin.errors import TooSoon
from tocsin.recipients import destinations, managed
from tocsin.recipients.models import Destination
from tocsin.recipients.secrets import SecretUnreadable
from tocsin.testing import frozen

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def desk(person):
    return Destination.objects.get(user=person("ana"))


def test_a_test_arrives_and_leaves_no_trace_in_the_ledger(desk, memory) -> None:
    assert pipeline.test(desk) == Sent()
    [message] = memory.sent
    assert desk.label in message.event.body
    assert message.recipient.name == "ana"
    assert not Delivery.objects.exists()


def test_one_test_in_ten_seconds(desk) -> None:
    with frozen(NOW):
        pipeline.test(desk)
    with frozen(NOW + timedelta(seconds=9)), pytest.raises(TooSoon):
        pipeline.test(desk)
    with frozen(NOW + timedelta(seconds=10)):
        pipeline.test(desk)
    assert len(MemoryChannel.sent) == 2


def test_the_outcome_is_that_of_the_far_side(person, settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    ana = person("ana", at=None)
    with HttpSink([Reply(503)]) as sink:
        hook = destinations.add_destination(ana, "webhook", {"url": sink.url + "t0ken-7"})
        outcome = pipeline.test(hook)
    assert (type(outcome), outcome.cause) == (Retry, Cause.SERVER_ERROR)
    assert "t0ken" not in outcome.detail


def test_what_is_gone_is_disabled_by_a_test_too(person, settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    with HttpSink([Reply(410)]) as sink:
        hook = destinations.add_destination(person("ana", at=None), "webhook", {"url": sink.url})
        assert isinstance(pipeline.test(hook), Rejected)
    hook.refresh_from_db()
    assert hook.disabled_reason == "The address is gone for good."


def test_the_account_address_can_be_tested(person, settings) -> None:
    ana = person("ana", at=None)
    with SmtpCatcher() as catcher:
        use_backend(settings, SMTP, host=catcher.host, port=catcher.port)
        assert isinstance(pipeline.test(managed.entries(ana.pk)[0]), Sent)
        assert [mail.recipients for mail in catcher.accepted] == [["ana@example.org"]]
    with pytest.raises(TooSoon):
        pipeline.test(managed.entries(ana.pk)[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [False, True])
def test_of_many_tests_of_an_account_address_at_once_one_is_sent(person, settings, known) -> None:
    ana = person("ana", at=None)
    if known:
        destinations.disable(managed.entries(ana.pk)[0], "bounced")

    def test() -> bool:
        try:
            return isinstance(pipeline.test(managed.entries(ana.pk)[0]), Sent)
        except TooSoon:
            return False
        finally:
            connection.close()

    with SmtpCatcher() as catcher, ThreadPoolExecutor(8) as pool:
        use_backend(settings, SMTP, host=catcher.host, port=catcher.port)
        assert sum(pool.map(lambda _: test(), range(8))) == 1
        assert len(catcher.accepted) == 1


def test_a_secret_that_cannot_be_read_is_said(person, settings) -> None:
    from cryptography.fernet import Fernet

    hook = destinations.add_destination(person("ana", at=None), "webhook", {"url": "https://example.org/x"})
    settings.TOCSIN = settings.TOCSIN | {"SECRET_KEYS": [Fernet.generate_key().decode()]}
    with pytest.raises(SecretUnreadable):
        pipeline.test(hook)


def test_a_channel_that_raises_shows_no_secret(person, monkeypatch, caplog) -> None:
    from tocsin.channels.webhook import WebhookChannel

    def send(self, message):
        url = message.target.settings["url"]
        raise RuntimeError(f"cannot reach {url}")

    monkeypatch.setattr(WebhookChannel, "send", send)
    hook = destinations.add_destination(
        person("ana", at=None), "webhook", {"url": "https://example.org/hook/t0ken-7"}
    )
    outcome = pipeline.test(hook)
    assert (outcome.cause, outcome.detail) == (Cause.BUG, "RuntimeError")
    assert "cannot reach" in caplog.text
    assert "t0ken" not in caplog.text
