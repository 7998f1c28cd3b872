"""Schemathesis over the whole description, against the running server: no 500, nothing that is not described."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.house.tree import ROOT
from tocsin.deliveries.models import Delivery
from tocsin.inbox.models import InboxItem
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.tenants.models import Role
from tocsin.tenants.tokens import SCOPES
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db(transaction=True)

DESCRIPTION = json.loads((ROOT / "docs/reference/openapi.json").read_text())
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
STREAM = "/api/v1/inbox/stream"
"""It goes on for ever."""
EXAMPLES = 20
CSRF = "c" * 32


@pytest.fixture
def world(bearer, signed_in, organization, django_user_model) -> dict[str, Any]:
    """Something of everything, so that what is there is met too, and two who may do all of it."""
    acme = bearer("acme", *SCOPES)
    person = signed_in("ana", "acme", Role.OWNER)
    user = django_user_model.objects.get(username="ana")
    destination = add_destination(user, "memory", {"name": "ana"})
    rule = save.save(
        {"name": "r", "event_types": ["drill"], "to": ["user:ana"]}, Place(organization("acme").pk), "x"
    )
    event = acme.send(to=["user:ana"], channel="memory")
    acme.send(to=["user:ana"], channel="message")
    series = acme.post("/series", {"event": {"type": "drill", "title": "x"}, "rrule": "FREQ=DAILY"}).json()[
        "id"
    ]
    deliver_now()
    cookies = {name: morsel.value for name, morsel in person.client.cookies.items()} | {"csrftoken": CSRF}
    return {
        "token": {"Authorization": f"Bearer {acme.token}"},
        "session": {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
                    "X-CSRFToken": CSRF},
        "event_id": event, "rule_id": str(rule.pk), "series_id": series, "destination_id": str(destination.pk),
        "delivery_id": f"d{Delivery.objects.earliest('pk').pk}", "item_id": f"i{InboxItem.objects.latest('pk').pk}",
    }  # fmt: skip


def test_every_operation_answers_as_described(server, world) -> None:
    schema = schemathesis.openapi.from_dict(DESCRIPTION)
    base = f"http://127.0.0.1:{server.port}/tocsin"
    met: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path != STREAM:
            met.append(operation.label)
            _try(operation, base, world)
    described = sum(map(len, DESCRIPTION["paths"].values()))
    assert len(met) == described - 1


def _try(operation: Any, base: str, world: dict[str, Any]) -> None:
    turn = itertools.count()
    by_session = operation.definition.raw.get("security") == [{"session": []}]

    @given(operation.as_strategy())
    @hypothesis_settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                         phases=(Phase.generate,), suppress_health_check=list(HealthCheck))  # fmt: skip
    def run(case: Any) -> None:
        if next(turn) % 2:  # what is there, instead of what was made up
            for name in case.path_parameters or {}:
                case.path_parameters[name] = world.get(name, "nobody")
        headers = world["session" if by_session else "token"]
        case.validate_response(case.call(base_url=base, headers=headers), checks=CHECKS)

    run()
