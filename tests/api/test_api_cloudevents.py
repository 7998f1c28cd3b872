"""CloudEvents 1.0 at `POST /events`: structured, binary and batch, and what is none."""

from __future__ import annotations

import base64
import json

import pytest

from tocsin.events.models import Event

pytestmark = pytest.mark.django_db

CLOUD = {
    "specversion": "1.0", "id": "7", "source": "https://shop.example.com/orders", "type": "drill",
    "subject": "order/7", "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json",
    "data": {"amount": 3}, "level": "error", "groupkey": "order-7", "to": "user:ana, group:ops",
}  # fmt: skip
STRUCTURED = {"Content_Type": "application/cloudevents+json"}
BATCH = {"Content_Type": "application/cloudevents-batch+json; charset=utf-8"}


def without(*names: str, **more) -> dict:
    return {name: value for name, value in CLOUD.items() if name not in names} | more


def stored() -> Event:
    return Event.objects.get()


def test_structured(acme) -> None:
    response = acme.post("/events", CLOUD, **STRUCTURED)
    assert response.status_code == 202, response.content
    event = stored()
    assert (event.type, event.title, event.about) == ("drill", "drill: order/7", "order/7")
    assert (event.actor, event.data, event.level) == (CLOUD["source"], {"amount": 3}, 40)
    assert (event.group_key, event.to) == ("order-7", ["user:ana", "group:ops"])
    again = acme.post("/events", CLOUD, **STRUCTURED).json()["events"][0]
    assert again == {"id": str(event.pk), "created": False}
    assert acme.post("/events", without("data", data={"amount": 4}), **STRUCTURED).status_code == 409


def test_binary(acme) -> None:
    head = {f"ce-{name}": str(value) for name, value in without("data", "datacontenttype").items()}
    head["ce-title"] = "%C3%84rger"
    assert acme.post("/events", {"amount": 3}, **head).status_code == 202
    assert (stored().title, stored().data, stored().about) == ("\u00c4rger", {"amount": 3}, "order/7")


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("text/plain", b"hello", {"text": "hello"}),
        ("application/octet-stream", b"\xff\x00", {"base64": base64.b64encode(b"\xff\x00").decode()}),
        ("application/vnd.shop+json", b"[1]", {"value": [1]}),
        ("application/json", b"", {}),
    ],
)
def test_data_of_other_kinds(acme, content_type, body, data) -> None:
    head = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "drill"}
    assert acme.post("/events", body, Content_Type=content_type, **head).status_code == 202
    assert stored().data == data


def test_data_in_base64(acme) -> None:
    packed = base64.b64encode(b'{"a": 1}').decode()
    assert acme.post("/events", without("data", data_base64=packed), **STRUCTURED).status_code == 202
    assert stored().data == {"a": 1}


def test_batch_is_all_or_none(acme) -> None:
    good = [without("id", id=str(number)) for number in range(3)]
    assert len(acme.post("/events", good, **BATCH).json()["events"]) == 3
    refused = acme.post("/events", [*good, without("type", type="no-such"), without("source")], **BATCH)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/3/type", "#/4/source"]
    assert Event.objects.count() == 3
    assert acme.post("/events", [], **BATCH).json() == {"events": []}


@pytest.mark.parametrize(
    ("cloud", "where"),
    [
        (without("id"), ["#/id"]),
        (without("id", "source", "type", "specversion"), ["#/id", "#/source", "#/type", "#/specversion"]),
        (without("id", id=7), ["#/id"]),
        (without("specversion", specversion="0.3"), ["#/specversion"]),
        (without(Level="error"), ["#/Level"]),
        (without("level", level="loud"), ["#/level"]),
        (without(groupkey="a\nb"), ["#/groupkey"]),
        (without(dueat="soon", subject="x" * 201), ["#/dueat"]),
        (without(to="nobody"), ["#/to/0"]),
        (without(data_base64="x"), ["#/data_base64"]),
        (without("data", data_base64="!"), ["#/data_base64"]),
        (without(organization="rival"), ["#/organization"]),
        ([], ["#/event"]),
    ],
)
def test_what_is_no_cloudevent_is_refused_by_its_attribute(acme, cloud, where) -> None:
    refused = acme.post("/events", cloud, **STRUCTURED)
    assert refused.status_code == 422, refused.content
    assert [error["pointer"] for error in refused.json()["errors"]] == where
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 50, json.dumps(CLOUD).encode() + b"x", b'{"id":NaN}']
)
def test_what_is_no_json_is_400(acme, body) -> None:
    assert acme.post("/events", body, **STRUCTURED).status_code == 400


def test_a_batch_that_is_no_list(acme) -> None:
    assert acme.post("/events", CLOUD, **BATCH).status_code == 422


def test_long_names_are_one_key(acme) -> None:
    assert acme.post("/events", without("id", id="x" * 5000), **STRUCTURED).status_code == 202
    assert stored().dedupe_key.startswith("sha256:")


def test_bare_addresses_need_their_scope(bearer) -> None:
    writer = bearer("acme", "events:write")
    assert writer.post("/events", without(to="email:x@example.com"), **STRUCTURED).status_code == 403
