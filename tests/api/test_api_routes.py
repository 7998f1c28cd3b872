"""A walk over all addresses: each has an authorization decision, and nobody sees what is another's."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.api.conftest import Caller, bearer_of, organization_of, signed_in_as
from tests.api.decided_pages import PAGES
from tocsin.api.auth import OWN, Needs
from tocsin.api.urls import api
from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.rules import save
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.schedule.models import Series
from tocsin.tenants.inbox_tokens import inbox_token
from tocsin.tenants.models import Role
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db
before_the_database = pytest.mark.only_on("sqlite")
"""What credentials and roles decide is decided before the database is asked for anything of the kind."""

API = {
    "POST /events": "events:write",
    "GET /events/{event_id}": "events:read",
    "GET /events/{event_id}/explain": "events:read",
    "POST /events/{event_id}/cancel": "events:write",
    "POST /events/{event_id}/confirm": "events:write",
    "POST /events/{event_id}/reschedule": "events:write",
    "POST /sources/alertmanager": "events:write",
    "POST /sources/webhooks/{sender}": "signature",
    "GET /series": "events:read",
    "POST /series": "events:write",
    "GET /series/{series_id}": "events:read",
    "POST /series/{series_id}/cancel": "events:write",
    "GET /deliveries": "events:read",
    "GET /deliveries/{delivery_id}": "events:read",
    "POST /deliveries/{delivery_id}/retry": "deliveries:write",
    "GET /inbox": "inbox reader",
    "GET /inbox/count": "inbox reader",
    "GET /inbox/stream": "inbox reader",
    "POST /inbox/read-all": "inbox reader",
    "POST /inbox/seen": "inbox reader",
    "POST /inbox/{item_id}/read": "inbox reader",
    "POST /inbox/{item_id}/dismiss": "inbox reader",
    "POST /inbox/{item_id}/snooze": "inbox reader",
    "GET /preferences": "reader",
    "PUT /preferences": "reader",
    "PUT /preferences/organization": "admin",
    "GET /windows": "reader",
    "PUT /windows": "reader",
    "GET /destinations": "own or destinations",
    "POST /destinations": "own or destinations",
    "GET /destinations/{destination_id}": "own or destinations",
    "PUT /destinations/{destination_id}": "own or destinations",
    "DELETE /destinations/{destination_id}": "own or destinations",
    "POST /destinations/{destination_id}/test": "own or destinations",
    "POST /destinations/{destination_id}/disable": "own or destinations",
    "POST /destinations/{destination_id}/enable": "own or destinations",
    "POST /destinations/{destination_id}/code": "own or destinations",
    "POST /destinations/{destination_id}/confirm": "own or destinations",
    "GET /rules": "own or rules",
    "POST /rules": "own or rules",
    "GET /rules/{rule_id}": "own or rules",
    "PUT /rules/{rule_id}": "own or rules",
    "DELETE /rules/{rule_id}": "own or rules",
    "GET /rules/{rule_id}/history": "own or rules",
    "POST /rules/{rule_id}/undo": "own or rules",
    "POST /rules/{rule_id}/enable": "own or rules",
    "POST /rules/{rule_id}/disable": "own or rules",
    "GET /rules/available": "rules",
    "POST /rules/simulate": "rules",
    "GET /audit": "admin",
    "GET /channels": "signed in",
    "GET /event-types": "signed in",
}
BODIES = {
    "POST /destinations": {"channel": "memory", "settings": {"name": "new"}},
    "PUT /destinations/{destination_id}": {"settings": {"name": "changed"}},
    "POST /destinations/{destination_id}/confirm": {"code": "123456"},
    "POST /events/{event_id}/reschedule": {"due_at": "2100-01-01T00:00:00Z"},
    "POST /inbox/{item_id}/snooze": {"until": "2100-01-01T00:00:00Z"},
    "POST /series": {"event": {"type": "drill", "title": "x"}, "rrule": "FREQ=DAILY"},
    "POST /sources/alertmanager": {"alerts": []},
    "PUT /preferences": {"changes": []},
    "PUT /preferences/organization": {"changes": []},
    "PUT /windows": {"time_zone": "Europe/Oslo"},
    "POST /rules": {"name": "new", "event_types": ["drill"], "owner": "org:acme", "to": ["user:acme-person"]},
    "PUT /rules/{rule_id}": {"name": "changed", "event_types": ["drill"], "to": ["user:acme-person"]},
    "POST /rules/simulate": {"event": {"type": "drill", "title": "x"}},
}
"""What a route is sent; an event, where it is not named."""
PUBLIC = {"tocsin-api:openapi-json", "tocsin-api:api-root", "tocsin-api:nothing", "tocsin-healthz", "tocsin-readyz",
          "tocsin-metrics",
          "unnamed static/<path:path>"}  # fmt: skip
"""Names of addresses that anyone may call; they tell nothing about anybody."""


def declared() -> dict[str, str]:
    found = {}
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                [needs] = operation.auth_callbacks or [None]
                for method in operation.methods:
                    found[f"{method} {path}"] = needs.decision if isinstance(needs, Needs) else "public"
    return found


def patterns(resolver: Any = None, names: tuple[str, ...] = ()) -> list[tuple[str, Any]]:
    found = []
    for entry in (resolver or get_resolver("tocsin.server.urls")).url_patterns:
        if isinstance(entry, URLResolver):
            found += patterns(entry, (*names, *filter(None, [entry.namespace])))
        elif isinstance(entry, URLPattern):
            found.append((":".join([*names, entry.name or f"unnamed {entry.pattern}"]), entry.callback))
    return found


def test_every_route_of_the_api_has_its_decision() -> None:
    assert declared() == API


def test_every_address_is_decided() -> None:
    routes = {f"tocsin-api:{view.url_name}" for router in api._get_bound_routers()
              for view in router.path_operations.values()}  # fmt: skip
    assert len(routes) == len({line.partition(" ")[2] for line in API})
    found = dict(patterns())
    pages = {
        name: getattr(view, "access", None) for name, view in found.items() if name not in PUBLIC | routes
    }
    assert pages == PAGES
    assert set(found) == PUBLIC | routes | set(PAGES)


@pytest.fixture(scope="module")
def world(rows_of_the_module, django_db_blocker) -> dict[str, Any]:
    """In each of two organizations: an event, a delivery, an inbox item, a destination."""
    with django_db_blocker.unblock():
        made = {slug: what_belongs_to(slug) for slug in ("acme", "rival")}
        deliver_now()
        for slug, of in made.items():
            of["delivery_id"] = f"d{Delivery.objects.get(identity=slug).pk}"
            of["item_id"] = f"i{InboxItem.objects.get(user=of['user']).pk}"
    return made


def what_belongs_to(slug: str) -> dict[str, Any]:
    caller, organization = bearer_of(slug), organization_of(slug)
    person = signed_in_as(f"{slug}-person", slug, Role.ADMIN)
    user = get_user_model().objects.get(username=f"{slug}-person")
    add_destination(user, "memory", {"name": slug})
    caller.send(to=[f"user:{slug}-person"], channel="memory")
    return {
        "event_id": caller.send(to=[f"user:{slug}-person"]), "token": caller, "person": person, "user": user,
        "destination_id": str(add_destination(organization, "memory", {"name": f"{slug}-org"}).pk),
        "rule_id": str(a_rule(organization.pk).pk),
        "sender": "nobody", "series_id": caller.call("POST", "/series", BODIES["POST /series"]).json()["id"],
    }  # fmt: skip


def a_rule(organization: int) -> Rule:
    given = {"name": "drills", "event_types": ["drill"], "level": "critical", "to": ["role:admin"]}
    return save.save(given, Place(organization), "test")


MISSING = {
    "event_id": "0198c0de-0000-7000-8000-000000000000",
    "delivery_id": "d987654321",
    "item_id": "i987654321",
    "destination_id": "987654321",
    "rule_id": "987654321",
    "series_id": "987654321",
}
CALLERS = ("token", "person")


def state_of_all() -> list[Any]:
    models = (Event, Delivery, InboxItem, Destination, Rule, Series)
    return [sorted(map(repr, model.objects.values_list())) for model in models]


def body_of(route: str) -> Any:
    return BODIES.get(route, {"type": "drill", "title": "x"} if route == "POST /events" else None)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", [line for line in API if "{" in line and API[line] != "signature"])
def test_anothers_is_like_what_is_missing_byte_for_byte(world, route, caller) -> None:
    method, path = route.split(" ")
    who: Caller = world["acme"][caller]
    own = who.call(method, path.format(**world["acme"]), body_of(route))
    if API[route].endswith("reader") and caller == "token":
        assert own.status_code == 403
        return
    assert own.status_code in (200, 204, 409, 422)  # a sent delivery is no dead one, but it is theirs
    before = state_of_all()
    theirs = who.call(method, path.format(**world["rival"]), body_of(route))
    missing = who.call(method, path.format(**MISSING), body_of(route))
    assert (theirs.status_code, missing.status_code) == (404, 404)
    assert theirs.content == missing.content
    assert dict(theirs.headers) == dict(missing.headers)
    assert state_of_all() == before


@pytest.mark.parametrize(
    ("method", "page"), [("GET", "events/{}/"), ("POST", "events/{}/cancel/"), ("POST", "events/{}/confirm/")]
)
def test_anothers_page_is_like_what_is_missing(world, method, page) -> None:
    def call(event: str) -> Any:
        return world["acme"]["person"].client.generic(method, "/tocsin/" + page.format(event))

    assert call(world["acme"]["event_id"]).status_code in (200, 302)
    before = state_of_all()
    theirs, missing = call(world["rival"]["event_id"]), call(MISSING["event_id"])
    assert (theirs.status_code, missing.status_code) == (404, 404)
    assert theirs.content == missing.content
    assert state_of_all() == before


@pytest.mark.parametrize("route", [line for line in API if "{" not in line and line.startswith("GET")])
def test_lists_show_nothing_of_anothers(world, route) -> None:
    path = route.partition(" ")[2]
    for caller in CALLERS:
        response = world["acme"][caller].get(path)
        if response.status_code in (204, 403):
            continue
        # Numbers of rules, of destinations and of series may be the same ones.
        numbers = {"/rules": "rule_id", "/destinations": "destination_id", "/series": "series_id"}
        same = {name for start, name in numbers.items() if not path.startswith(start)}
        for name in MISSING.keys() - same:
            assert f'"{world["rival"][name]}"'.encode() not in response.content
        assert b"rival" not in response.content


@before_the_database
@pytest.mark.parametrize("route", [line for line in API if API[line] != "signature"])
def test_an_inbox_token_opens_the_inbox_and_nothing_else(world, django_user_model, route) -> None:
    method, path = route.split(" ")
    bearer = Caller(inbox_token(django_user_model.objects.get(username="acme-person")))
    response = bearer.call(method, path.format(**world["acme"]), body_of(route))
    assert (response.status_code != 403) is (API[route] == "inbox reader"), response.content


@before_the_database
@pytest.mark.parametrize("route", API)
def test_without_credentials_every_route_is_401(world, route) -> None:
    method, path = route.split(" ")
    response = Caller().call(method, path.format(**world["acme"]), body_of(route))
    assert response.status_code == 401


PERSONAL = ("reader", "inbox reader", "signed in", "signature")
SCOPED = [line for line, decision in API.items() if decision not in PERSONAL]


@before_the_database
@pytest.mark.parametrize("route", SCOPED)
def test_without_the_scope_every_route_is_403(world, bearer, route) -> None:
    method, path = route.split(" ")
    other = bearer(
        "acme",
        *(
            {"events:read", "events:write", "deliveries:write", "inbox", "rules"}
            - {API[route].removeprefix(OWN)}
        ),
    )
    assert other.call(method, path.format(**world["acme"]), {}).status_code == 403


@before_the_database
@pytest.mark.parametrize(
    "route", [line for line in API if not line.startswith("GET") and API[line] != "signature"]
)
def test_every_change_by_session_needs_the_csrf_token(world, signed_in, route) -> None:
    method, path = route.split(" ")
    person = signed_in("acme-person", "acme", csrf=True)
    before = state_of_all()
    refused = person.call(method, path.format(**world["acme"]), body_of(route))
    assert refused.status_code == 403
    assert state_of_all() == before


@pytest.mark.parametrize("route", [line for line in API if line.startswith("GET")])
def test_reading_changes_nothing(world, route) -> None:
    path = route.partition(" ")[2]
    before = state_of_all()
    for caller in CALLERS:
        world["acme"][caller].get(path.format(**world["acme"]))
    assert state_of_all() == before


def test_public_addresses_answer_anyone() -> None:
    for path, status in {"healthz": 200, "api/v1/openapi.json": 200, "api/v1/": 404, "api/v1/x": 404}.items():
        assert Client().get(f"/tocsin/{path}").status_code == status
