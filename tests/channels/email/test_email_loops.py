"""No mail of ours is answered by a machine, and none can be told from its double by anything but our ids."""

from __future__ import annotations

import pytest
from django.core import mail

from tests.channels.email.mails import SMTP, message, use_backend
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.channels.base import Sent
from tocsin.channels.email import EmailChannel
from tocsin.channels.mail import idle


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.TOCSIN = {}
    yield
    idle.close()


@pytest.fixture
def sent_by(settings):
    """The headers of one mail as each way out writes them."""

    def by_smtp(given):
        with SmtpCatcher() as server:
            use_backend(settings, SMTP, host=server.host, port=server.port)
            outcome = EmailChannel().send(given)
            idle.close()
        return outcome, server.accepted[0].parsed

    def by_another_backend(given):
        use_backend(settings, "django.core.mail.backends.locmem.EmailBackend")
        mail.outbox = []
        return EmailChannel().send(given), mail.outbox[0].message()

    return {"smtp": by_smtp, "another backend": by_another_backend}


@pytest.mark.parametrize("way", ["smtp", "another backend"])
def test_machines_are_asked_not_to_answer(sent_by, way):
    outcome, headers = sent_by[way](message())
    assert type(outcome) is Sent
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["Reply-To"] is None
    assert headers["Return-Receipt-To"] is None
    assert headers["Disposition-Notification-To"] is None


@pytest.mark.parametrize("way", ["smtp", "another backend"])
def test_a_second_attempt_carries_the_same_id(sent_by, way):
    ids = {sent_by[way](message(attempt=attempt))[1]["Message-ID"] for attempt in (1, 2)}
    assert ids == {"<key-1@example.org>"}


@pytest.mark.parametrize("way", ["smtp", "another backend"])
def test_every_mail_of_a_group_hangs_on_its_first(sent_by, way):
    first, _ = sent_by[way](message(number=1))
    second, headers = sent_by[way](message(number=2, thread=first.provider_id))
    assert second == first, "the group keeps the id of its first mail"
    assert headers["Message-ID"] == "<key-2@example.org>"
    assert headers["In-Reply-To"] == headers["References"] == "<key-1@example.org>"


@pytest.mark.parametrize("way", ["smtp", "another backend"])
def test_a_mail_to_the_sender_is_a_mail_like_any_other(sent_by, way):
    """Many write to themselves; what would answer is asked not to, and nothing of ours reads mail."""
    assert type(sent_by[way](message("tocsin@example.org"))[0]) is Sent
