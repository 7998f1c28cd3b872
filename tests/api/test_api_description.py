"""The description of the API is valid, and the answers are as it says."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from tests.api.conftest import DRILL, Caller
from tocsin.channels import registry
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def description() -> dict[str, Any]:
    response = Caller().get("/openapi.json")
    assert response.status_code == 200
    return response.json()


def check(description: dict[str, Any], method: str, path: str, response: Any) -> None:
    operation = description["paths"][f"/tocsin/api/v1{path}"][method]
    said = operation["responses"][str(response.status_code)]
    [(kind, content)] = said["content"].items()
    assert response["Content-Type"].partition(";")[0] == kind
    jsonschema.validate(response.json(), {**content["schema"], "components": description["components"]})


def test_every_operation_says_how_it_fails_and_who_may_call_it(description) -> None:
    assert description["openapi"].startswith("3.")
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            assert {"401", "403", "422", "503"} <= set(operation["responses"]), (method, path)
            assert operation["security"]
            assert operation["summary"]
            for status, said in operation["responses"].items():
                if int(status) >= 400:
                    assert said["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


def test_every_reference_leads_somewhere(description) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    for reference in references(description):
        place = description
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_answers_are_as_described(description, acme, signed_in) -> None:
    ana = signed_in("ana", "acme")
    accepted = acme.post("/events", {**DRILL, "to": ["user:ana"], "actions": [{"label": "Go", "url": "/go"}]})
    check(description, "post", "/events", accepted)
    event = accepted.json()["events"][0]["id"]
    deliver_now()
    check(description, "get", "/events/{event_id}", acme.get(f"/events/{event}"))
    check(description, "get", "/events/{event_id}/explain", acme.get(f"/events/{event}/explain"))
    check(description, "get", "/deliveries", acme.get("/deliveries"))
    [line] = acme.get("/deliveries").json()["items"]
    check(description, "get", "/deliveries/{delivery_id}", acme.get(f"/deliveries/{line['id']}"))
    check(
        description, "post", "/deliveries/{delivery_id}/retry", acme.post(f"/deliveries/{line['id']}/retry")
    )
    check(description, "post", "/events/{event_id}/cancel", acme.post(f"/events/{event}/cancel"))
    check(description, "get", "/inbox", ana.get("/inbox"))
    check(description, "get", "/inbox/count", ana.get("/inbox/count"))
    item = ana.get("/inbox").json()["items"][0]["id"]
    check(description, "post", "/inbox/{item_id}/read", ana.post(f"/inbox/{item}/read"))
    check(description, "post", "/inbox/read-all", ana.post("/inbox/read-all"))
    check(description, "get", "/channels", acme.get("/channels"))
    check(description, "get", "/event-types", acme.get("/event-types"))


def test_answers_about_rules_are_as_described(description, acme) -> None:
    rule = {"name": "r", "event_types": ["drill"], "to": ["memory:ops"], "channels": ["memory"]}
    made = acme.post("/rules", {**rule, "owner": "org:acme"})
    check(description, "post", "/rules", made)
    one = f"/rules/{made.json()['id']}"
    check(description, "get", "/rules", acme.get("/rules"))
    check(description, "get", "/rules/{rule_id}", acme.get(one))
    check(description, "put", "/rules/{rule_id}", acme.call("PUT", one, {**rule, "level": "error"}))
    for verb in ("disable", "enable", "undo"):
        check(description, "post", f"/rules/{{rule_id}}/{verb}", acme.post(f"{one}/{verb}"))
    check(description, "get", "/rules/{rule_id}/history", acme.get(f"{one}/history"))
    check(description, "get", "/rules/available", acme.get("/rules/available"))
    trial = {"event": DRILL, "rule": rule, "replaces": made.json()["id"]}
    check(description, "post", "/rules/simulate", acme.post("/rules/simulate", trial))
    check(description, "get", "/audit", acme.get("/audit"))
    check(description, "get", "/rules/{rule_id}", acme.get("/rules/0"))


def test_problems_are_as_described(description, acme) -> None:
    check(description, "post", "/events", acme.post("/events", {**DRILL, "level": "loud"}))
    check(description, "post", "/events", acme.post("/events", b"{"))
    check(description, "get", "/deliveries", Caller().get("/deliveries"))
    check(description, "get", "/deliveries", acme.get("/deliveries?limit=0"))


def test_channels_carry_the_schema_of_their_settings(acme) -> None:
    items = {item["slug"]: item for item in acme.get("/channels").json()["items"]}
    assert set(items) == set(registry.channels())
    assert items["webhook"]["schema"]["required"]
    assert "addresses" in items["email"]["capabilities"]
    assert items["message"]["capabilities"] == ["in_app"]


def test_event_types_are_listed(acme) -> None:
    items = {item["key"]: item for item in acme.get("/event-types").json()["items"]}
    assert {"message:internal", "message:system", "task:finished", "drill"} <= set(items)
    assert items["message:system"]["channels"] == ["message", "email"]
