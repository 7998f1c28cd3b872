"""What other systems send: alerts of Prometheus however strange, and webhooks that are signed."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from tests.api.conftest import PREFIX
from tocsin import checks
from tocsin.events.models import Event
from tocsin.sources import alertmanager

pytestmark = pytest.mark.django_db

AM = "/sources/alertmanager"
ALERT = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "instance": "db1", "severity": "warning"},
    "annotations": {"summary": "Disk is full", "description": "At 100 %", "runbook_url": "https://example.com/r"},
    "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "https://prometheus.example.com/g", "fingerprint": "abc",
}  # fmt: skip


def payload(*alerts, **more) -> dict:
    return {"version": "4", "status": "firing", "receiver": "tocsin", "alerts": list(alerts)} | more


def test_an_alert_becomes_an_event_once(acme) -> None:
    made = acme.post(f"{AM}?to=role:admin,org:acme&channel=message", payload(ALERT))
    assert made.status_code == 202, made.content
    event = Event.objects.get()
    assert (event.type, event.title, event.level, event.status) == (
        "alert:prometheus",
        "Disk is full",
        30,
        "open",
    )
    assert (event.group_key, event.to, event.channel) == (
        "alertmanager:abc",
        ["role:admin", "org:acme"],
        "message",
    )
    assert event.url == ALERT["generatorURL"]
    assert event.body.startswith(
        "At 100 %\n\n[Runbook](<https://example.com/r>)\n\n- `alertname`: `DiskFull`"
    )
    assert event.data["labels"]["instance"] == "db1"
    changed = ALERT | {"annotations": {"summary": "Disk is fuller"}}
    assert acme.post(AM, payload(changed, ALERT)).json() == {"events": []}
    over = acme.post(AM, payload(ALERT | {"status": "resolved", "endsAt": "2026-01-01T01:00:00Z"}))
    assert len(over.json()["events"]) == 1
    assert Event.objects.get(status="resolved").title == "Resolved: Disk is full"
    again = ALERT | {"startsAt": "2026-02-01T00:00:00Z"}
    assert len(acme.post(AM, payload(again, again)).json()["events"]) == 1


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        ("critical", 50),
        ("PAGE", 50),
        ("error", 40),
        ("warn", 30),
        ("info", 20),
        ("none", 20),
        ("purple", 40),
        ("", 40),
    ],
)
def test_severities_of_all_kinds_have_a_level(acme, severity, level) -> None:
    acme.post(AM, payload(ALERT | {"labels": {"severity": severity}}))
    assert Event.objects.get().level == level


@pytest.mark.parametrize(
    "alert",
    [
        {}, None, 7, [], {"labels": None}, {"labels": {"alertname": None, "x": {"y": [1]}}}, {"labels": []},
        {"annotations": {"summary": "a\nb\x1b[31m\u2028c"}}, {"annotations": {"summary": "x" * 5000}},
        {"fingerprint": 7, "startsAt": 8}, {"generatorURL": "javascript:alert(1)"}, {"status": "purple"},
        {"labels": {str(number): "v" * 2000 for number in range(400)}},
        {"annotations": {"description": "x" * 100_000}}, {"annotations": {"runbook_url": "https://x/)[y](z"}},
        {"labels": {"a`b": "c`d"}},
    ],
)  # fmt: skip
def test_no_alert_is_too_strange_to_be_told(acme, alert) -> None:
    response = acme.post(AM, payload(ALERT, alert))
    assert response.status_code == 202, response.content
    assert Event.objects.count() == 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=10), inner, max_size=3), max_leaves=8,
)  # fmt: skip


MORE = ["commonLabels", "commonAnnotations", "receiver", "externalURL", "truncatedAlerts", "status"]
alerts = st.dictionaries(st.sampled_from([*ALERT, "x"]), values, max_size=8)


@given(alerts, st.dictionaries(st.sampled_from(MORE), values, max_size=4))
@hypothesis_settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_an_alert_holds_accept_takes_it(alert, more) -> None:
    from tocsin import pipeline

    for fields in alertmanager.events_of({"alerts": [alert], **more}):
        pipeline.parse(fields)


@pytest.mark.parametrize("body", [{}, [], {"alerts": {}}, {"alerts": None}, payload(*[{}] * 1001)])
def test_what_is_no_webhook_of_alertmanager(acme, body) -> None:
    assert acme.post(AM, body).status_code == 422


def test_alerts_need_the_scope_and_stay_in_the_organization(bearer, acme) -> None:
    assert bearer("acme", "events:read").post(AM, payload(ALERT)).status_code == 403
    assert acme.post(f"{AM}?organization=rival", payload(ALERT)).status_code == 422
    writer = bearer("acme", "events:write")
    assert writer.post(f"{AM}?to=email:x@example.com", payload(ALERT)).status_code == 403
    assert not Event.objects.exists()


SECRETS = ["whsec_" + base64.b64encode(bytes([number]) * 24).decode() for number in (1, 2)]
SENDER = {
    "name": "shop",
    "secrets": SECRETS,
    "organization": "acme",
    "event": {"type": "drill", "to": ["org:acme"]},
}


@pytest.fixture
def shop(settings, organization):
    settings.TOCSIN = {**settings.TOCSIN, "WEBHOOK_SENDERS": [SENDER]}
    return organization("acme")


def sign(
    body: bytes, *, secret: str = SECRETS[0], message: str = "msg_1", at: datetime | None = None
) -> dict[str, str]:
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign(message, at, body.decode())
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def post(body: bytes, headers: dict[str, str], name: str = "shop", content_type: str = "application/json"):
    client = Client(raise_request_exception=False)
    return client.generic("POST", f"{PREFIX}/sources/webhooks/{name}", body, content_type, headers=headers)


BODY = json.dumps({"title": "Order 7", "type": "message:system", "data": {"order": 7}}).encode()


def test_what_is_signed_is_taken_once(shop) -> None:
    made = post(BODY, sign(BODY))
    assert made.status_code == 202, made.content
    event = Event.objects.get()
    assert (event.type, event.title, event.organization, event.to) == ("drill", "Order 7", shop, ["org:acme"])
    assert post(BODY, sign(BODY)).json()["events"] == [{"id": str(event.pk), "created": False}]
    other = b'{"title": "Another"}'
    assert post(other, sign(other)).status_code == 409
    assert post(other, sign(other, message="msg_2", secret=SECRETS[1])).status_code == 202


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head | {"webhook-id": "msg_2"},
        lambda head: head | {"webhook-signature": "v1," + base64.b64encode(b"x" * 32).decode()},
        lambda head: head | {"webhook-signature": "v1a,x v2 nonsense"},
        lambda head: head | {"webhook-timestamp": str(int(time.time()) + 1)},
        lambda head: head | {"webhook-timestamp": "nan"},
        lambda head: head | {"webhook-id": "x" * 151},
        lambda head: {name: value for name, value in head.items() if name != "webhook-signature"},
        lambda head: {},
        lambda head: sign(BODY, secret="whsec_" + base64.b64encode(b"z" * 24).decode()),
        lambda head: sign(BODY, at=datetime.now(UTC) - timedelta(minutes=6)),
        lambda head: sign(BODY, at=datetime.now(UTC) + timedelta(minutes=6)),
    ],
)
def test_what_is_not_genuine_is_refused_in_the_same_words(shop, change) -> None:
    refused = post(BODY, change(sign(BODY)))
    assert refused.status_code == 401
    assert refused.content == post(BODY, sign(BODY), name="nobody").content
    assert not Event.objects.exists()


def test_a_body_that_was_changed_is_refused(shop) -> None:
    assert post(BODY.replace(b"7", b"8"), sign(BODY)).status_code == 401
    assert post(b"\xff\xfe", sign(BODY)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[]", 422), (b'{"title": 7}', 422), (b"{", 400), (b'{"title": "x", "dedupe_key": "k"}', 422),
     (b'{"title": "x", "colour": 1}', 422)],
)  # fmt: skip
def test_what_is_genuine_and_wrong_is_told_so(shop, body, status) -> None:
    assert post(body, sign(body)).status_code == status
    assert post(body, sign(body), content_type="text/plain").status_code == 415


@pytest.mark.parametrize(
    "sender",
    [{"name": "a b"}, {"name": ""}, {"secrets": []}, {"secrets": ["short"]}, {"secrets": [7]}, {"colour": 1},
     {"event": []}, {"organization": None}],
)  # fmt: skip
def test_senders_that_cannot_be_are_errors_at_start(settings, sender) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "WEBHOOK_SENDERS": [SENDER | sender]}
    [error] = checks.check_senders()
    assert error.hint
    assert SECRETS[0] not in str(error)
