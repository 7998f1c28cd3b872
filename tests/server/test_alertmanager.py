"""A real Alertmanager posts to tocsin: its alert reaches a mailbox, and is closed when it is resolved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.channels.email.mails import SMTP, use_backend
from tests.cli.shell import eventually
from tests.servers.alertmanager import alertmanager
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.events.models import Event
from tocsin.testing import deliver_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("sqlite")]


def test_an_alert_reaches_a_mailbox_and_is_closed(server, bearer, settings, tmp_path) -> None:
    token = bearer("acme", "events:write", "events:address").token
    url = f"http://127.0.0.1:{server.port}/tocsin/api/v1/sources/alertmanager?to=email:ops@example.com"
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical"},
        "annotations": {"summary": "The disk of db1 is full", "description": "At **100 %**."},
        "generatorURL": "https://prometheus.example.com/graph",
        "startsAt": now.isoformat(),
    }
    with SmtpCatcher() as relay, alertmanager(tmp_path, url, token) as manager:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        manager.alert(**alert)
        fired = eventually(lambda: Event.objects.filter(status="open").first())
        deliver_now()
        assert (fired.level, fired.title, fired.url) == (50, "The disk of db1 is full", alert["generatorURL"])
        manager.alert(**alert, endsAt=(now + timedelta(seconds=1)).isoformat())
        over = eventually(lambda: Event.objects.filter(status="resolved").first())
        deliver_now()
        assert (over.group_key, over.title) == (fired.group_key, "Resolved: The disk of db1 is full")
        assert Event.objects.count() == 2
        subjects = [mail.parsed["subject"] for mail in relay.accepted]
    assert ["The disk of db1 is full" in subject for subject in subjects] == [True, True]
    assert relay.accepted[0].recipients == ["ops@example.com"]
