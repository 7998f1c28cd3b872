"""Bad input to the routes of destinations: every field is named, and nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tocsin.api import bodies
from tocsin.channels import registry
from tocsin.channels.memory import MemoryChannel
from tocsin.recipients.models import Destination

if TYPE_CHECKING:
    from tests.api.conftest import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

DESK: dict[str, Any] = {"channel": "memory", "label": "desk", "settings": {"name": "desk"}}
MAIL: dict[str, Any] = {"channel": "email", "settings": {"email_address": "ops@example.org"}}
SLACK = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnop"
TEAMS = "https://prod-01.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?sig=abc"
PLACES = {"POST": "/destinations", "PUT": "/destinations/{id}"}


@pytest.fixture
def ana(signed_in) -> Caller:
    signed_in("eve", "rival", email="eve@example.org")
    return signed_in("ana", "acme", email="ana@example.org")


@pytest.fixture
def desk(ana) -> str:
    return ana.post("/destinations", DESK).json()["id"]


def refused(response: Any, *fields: str, status: int = 422) -> None:
    """The answer names these fields, each with its place in the body, and repeats nothing long."""
    assert response.status_code == status, response.content
    errors = response.json()["errors"]
    assert {error["field"] for error in errors} == set(fields)
    for error in errors:
        assert error["pointer"] == (
            "#" if error["field"] == "body" else "#/" + error["field"].replace(".", "/", 1)
        )
        assert error["message"]
    assert len(response.content) < 3000


def unchanged(before: list[Any]) -> bool:
    return list(Destination.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ("desk", "body"),
        (7, "body"),
        (b"null", "body"),
        ({}, "channel"),
        ({**DESK, "settings": []}, "settings"),
        ({**DESK, "settings": "x"}, "settings"),
        ({**DESK, "settings": None}, "settings"),
        ({"channel": "memory"}, "settings"),
        ({**DESK, "chanel": "memory"}, "chanel"),
        ({**DESK, "id": "7"}, "id"),
        ({**DESK, "user": "eve"}, "user"),
        ({**DESK, "organization": "rival"}, "organization"),
        ({**DESK, "verified": True}, "verified"),
        ({**DESK, "settings": {"nam": "x"}}, "settings.nam"),
        ({**DESK, "settings": {"name": "x", "a.b": 1}}, "settings.a.b"),
        ({**DESK, "settings": {"name": "x" * 201}}, "settings.name"),
        ({**DESK, "settings": {"name": "a\r\nb"}}, "settings.name"),
        ({**DESK, "channel": 7}, "channel"),
        ({**DESK, "channel": "pigeon"}, "channel"),
        ({**DESK, "channel": "memory\r\nx: y"}, "channel"),
        ({**DESK, "channel": "message", "settings": {}}, "channel"),
        ({**DESK, "owner": 7}, "owner"),
        ({**DESK, "owner": ["user:ana"]}, "owner"),
        ({**DESK, "owner": "ana"}, "owner"),
        ({**DESK, "owner": "team:acme/web"}, "owner"),
        ({**DESK, "owner": "user:eve"}, "owner"),
        ({**DESK, "owner": "org:rival"}, "owner"),
        ({**DESK, "owner": "user:ana\r\nx"}, "owner"),
        ({**DESK, "label": 7}, "label"),
        ({**DESK, "label": False}, "label"),
        ({**DESK, "label": {}}, "label"),
        ({**DESK, "label": "x" * 101}, "label"),
        ({**DESK, "label": "x" * 60_000}, "label"),
        ({**DESK, "label": "a\r\nBcc: b"}, "label"),
        ({**DESK, "label": "a\n"}, "label"),
        ({**DESK, "label": "a\x1b[31m"}, "label"),
        ({**DESK, "label": "a\u202eb"}, "label"),
        ({**DESK, "label": "a\x00"}, "label"),
        ({**DESK, "settings": {"name": "\ud800"}}, "settings.name"),
        ({**MAIL, "settings": {"email_address": "nobody"}}, "settings.email_address"),
        ({**MAIL, "settings": {"email_address": 7}}, "settings.email_address"),
        ({**MAIL, "settings": {"email_address": "a@example.org\r\nBcc: b@example.org"}}, "settings.email_address"),
        ({"channel": "webhook", "settings": {"url": "file:///etc/passwd"}}, "settings.url"),
        ({"channel": "webhook", "settings": {"url": "http://169.254.169.254/"}}, "settings.url"),
        ({"channel": "webhook", "settings": {"url": "https://example.org/\r\nx: y"}}, "settings.url"),
        ({"channel": "sms", "settings": {"phone_number": "a number"}}, "settings.phone_number"),
        ({"channel": "sms", "settings": {"phone_number": "+4712"}}, "settings.phone_number"),
        ({"channel": "slack", "settings": {"webhook_url": TEAMS}}, "settings.webhook_url"),
        ({"channel": "msteams", "settings": {"url": SLACK}}, "settings.url"),
        ({"channel": "apprise", "settings": {"url": "file:///etc/passwd"}}, "settings.url"),
        ({"channel": "apprise", "settings": {"url": "json://localhost"}}, "settings.url"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(ana, settings, body, field) -> None:
    settings.TOCSIN = settings.TOCSIN | {"SMS_GATEWAY_ADDRESS": "sms@example.com"}
    channel = body.get("channel") if isinstance(body, dict) else None
    if channel in registry.missing():
        pytest.skip(registry.missing()[channel].remedy)
    refused(ana.post("/destinations", body), field)
    assert not Destination.objects.exists()


def test_several_wrong_fields_are_named_together(ana) -> None:
    body = {"owner": "user:eve", "channel": "pigeon", "label": "a\nb", "settings": {}}
    refused(ana.post("/destinations", body), "owner", "channel", "label")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({"settings": []}, "settings"),
        ({"label": "x"}, "settings"),
        ({"settings": {"nam": "x"}}, "settings.nam"),
        ({"settings": {}}, "settings.name"),
        ({"settings": {"name": "x"}, "channel": "email"}, "channel"),
        ({"settings": {"name": "x"}, "owner": "user:eve"}, "owner"),
        ({"settings": {"name": "x"}, "label": "a\r\nb"}, "label"),
        ({"settings": {"name": "x"}, "label": ["x"]}, "label"),
        ({"settings": {"name": "table"}}, "settings"),
        ({"settings": {"name": "x"}, "label": "table"}, "label"),
    ],
)
def test_a_change_that_is_wrong_is_named(ana, desk, body, field) -> None:
    ana.post("/destinations", {"channel": "memory", "settings": {"name": "table"}})
    before = list(Destination.objects.order_by("pk").values())
    refused(ana.call("PUT", f"/destinations/{desk}", body), field)
    assert unchanged(before)


def test_the_same_address_or_label_twice_is_refused(ana, desk) -> None:
    refused(ana.post("/destinations", {**DESK, "label": "other"}), "settings")
    refused(ana.post("/destinations", {**DESK, "settings": {"name": "other"}}), "label")
    assert Destination.objects.count() == 1


@pytest.mark.parametrize("method", PLACES)
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b'{"settings": {"name": NaN}}', {}, 400),
        (b'{"settings": {}, "settings": {}}', {}, 400),
        (b'{"settings": ' * 50 + b"1" + b"}" * 50, {}, 400),
        (b'{"label": "\xff"}', {}, 400),
        (b'{"label": 1' + b"0" * 5000 + b"}", {}, 400),
        (b'{"label": "' + b"x" * 2_000_000 + b'"}', {}, 413),
        (b'{"label": "' + b"x" * 70_000 + b'"}', {}, 413),
        (b"channel=memory", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"Content_Type": "text/plain"}, 415),
        (b"{}", {"Content_Encoding": "gzip"}, 415),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(*, ana, desk, method, body, headers, status) -> None:
    before = list(Destination.objects.order_by("pk").values())
    response = ana.call(method, PLACES[method].format(id=desk), body, **headers)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert len(response.content) < 500
    assert unchanged(before)


@pytest.mark.parametrize(
    "body",
    [{"reason": 7}, {"reason": "a\r\nb"}, {"reason": "x" * 201}, {"why": "x"}, []],
)
def test_a_reason_that_is_none_is_refused(ana, desk, body) -> None:
    field = next(iter(body), "body")
    refused(ana.post(f"/destinations/{desk}/disable", body), field)
    assert not ana.get(f"/destinations/{desk}").json()["disabled"]


@pytest.mark.parametrize(
    "body", [{}, {"code": None}, {"code": 123456}, {"code": ["1"]}, {"code": "1\r\n2"}, {"cod": "123456"}]
)
def test_a_code_that_is_none_is_refused(ana, settings, body) -> None:
    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": ["memory"]}
    place = f"/destinations/{ana.post('/destinations', DESK).json()['id']}"
    refused(ana.post(f"{place}/confirm", body), next(iter(body), "code"))
    assert ana.get(place).json()["verified"] is False


def test_of_thousands_of_unknown_fields_the_first_fifty_are_looked_at(ana, monkeypatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(bodies, "nearest", lambda name, known: asked.append(name) or "")
    response = ana.post("/destinations", {f"f{number}": 1 for number in range(5000)})
    assert (response.status_code, len(response.json()["errors"]), len(asked)) == (422, 50, 50)


def test_what_is_refused_is_not_sent_anywhere(ana, settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": ["memory"]}
    MemoryChannel.clear()
    refused(ana.post("/destinations", {**DESK, "owner": "user:eve"}), "owner")
    refused(ana.post("/destinations", {**DESK, "label": "x" * 101}), "label")
    assert not MemoryChannel.sent


@pytest.mark.parametrize("query", ["", "?x=1"])
def test_another_method_is_named(ana, desk, query) -> None:
    for path, allowed in {"": "GET, POST", f"/{desk}": "DELETE, GET, PUT", f"/{desk}/test": "POST"}.items():
        response = ana.call("PATCH", f"/destinations{path}{query}", {})
        assert (response.status_code, response["Allow"]) == (405, allowed)
        assert ana.get(f"/destinations/{desk}").status_code == 200
