"""The REST calls of Sentry's notification actions."""

from __future__ import annotations

import re

import pytest

import tocsin
from tests.adapters.sentry_world import ACTION, fired
from tests.house.tree import ROOT
from tocsin.adapters.sentry import kinds
from tocsin.deliveries.models import Delivery
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.bodies import bodies_of
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.tenants.models import Organization, Project
from tocsin.tenants.tokens import create_token
from tocsin.testing import deliver_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.adapters.sentry_urls")]


def test_an_action_made_by_rest_is_fired_by_its_registration(audit, ask) -> None:
    made = ask("POST", body=ACTION)
    assert made.status_code == 201
    assert made.json() == {
        "id": Rule.objects.get().pk, "organizationId": Organization.objects.get(slug="acme").pk,
        "integrationId": None, "sentryAppId": None, "projects": [], "serviceType": "slack",
        "triggerType": "audit-log", "targetType": "specific", "targetIdentifier": "C0123", "targetDisplay": "#audit",
    }  # fmt: skip
    tocsin.notify("audit-log", title="Ana made a key", organization="acme")
    deliver_now()
    assert fired == [("C0123", "#audit", "Ana made a key")]
    assert Delivery.objects.get().state == "sent"


def test_the_example_of_the_page(audit, acme, client) -> None:
    page = (ROOT / "docs/coming-from/sentry.md").read_text()
    body, path = re.search(r"-d '({[^']+})' \\\s+https://tocsin\.example\.org(/api/0/\S+)", page).groups()
    _, token = create_token("t", acme, scopes=["rules"])
    headers = {"Authorization": f"Bearer {token}"}
    assert client.post(path, body, content_type="application/json", headers=headers).status_code == 201


def test_list_change_and_delete(audit, ask, acme) -> None:
    web, shop = (Project.objects.create(organization=acme, slug=slug, name=slug) for slug in ("web", "shop"))
    one = ask("POST", body={**ACTION, "projects": ["web"]}).json()
    two = ask("POST", body={**ACTION, "projects": [shop.pk]}).json()
    assert (one["projects"], two["projects"]) == ([web.pk], [shop.pk])
    assert [row["id"] for row in ask("GET").json()] == [one["id"], two["id"]]
    assert [row["id"] for row in ask("GET", f"actions/?project={web.pk}").json()] == [one["id"]]
    assert [row["id"] for row in ask("GET", f"actions/?projectSlug=shop&project={web.pk}").json()] == [
        two["id"]
    ]
    assert len(ask("GET", "actions/?project=-1&triggerType=audit-log").json()) == 2
    assert ask("GET", "actions/?triggerType=spike-protection").json() == []
    changed = ask("PUT", f"actions/{one['id']}/", {**ACTION, "targetIdentifier": "C9"})
    assert (changed.status_code, changed.json()["targetIdentifier"], changed.json()["projects"]) == (
        202,
        "C9",
        [],
    )
    assert ask("GET", f"actions/{one['id']}/").json() == changed.json()
    gone = ask("DELETE", f"actions/{one['id']}/")
    assert (gone.status_code, gone.content) == (204, b"")
    assert ask("GET", f"actions/{one['id']}/").status_code == 404
    assert len(ask("GET").json()) == 1


def test_a_change_leaves_what_sentry_does_not_know_of(audit, ask, acme) -> None:
    made = ask("POST", body=ACTION).json()
    rule = Rule.objects.get()
    [body] = bodies_of([save.spec_of(rule)])
    condition = {"field": "data.key", "op": "is", "value": "k1"}
    save.save(
        {**body, "name": "Keys", "condition": condition, "level": "error"}, Place(acme.pk), "test", rule
    )
    ask("PUT", f"actions/{made['id']}/", {**ACTION, "targetIdentifier": "C9"})
    spec = save.spec_of(Rule.objects.get())
    assert (spec.name, spec.condition, spec.level.slug, spec.target_identifier) == (
        "Keys",
        condition,
        "error",
        "C9",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"triggerType": "no-such"}, "triggerType"), ({"triggerType": None}, "triggerType"),
        ({"serviceType": "pidgeon"}, "serviceType"), ({"targetType": "everyone"}, "targetType"),
        ({"targetIdentifier": "C000"}, "targetIdentifier"), ({"targetIdentifier": "C111"}, "targetDisplay"),
        ({"targetIdentifier": 7}, "targetIdentifier"), ({"projects": ["nowhere"]}, "projects"),
        ({"projects": "web"}, "projects"), ({"integrationId": 999}, "integrationId"),
        ({"integrationId": True}, "integrationId"), ({"serviceType": "pigeon"}, "serviceType"),
        ({"triggerType": {"a": 1}}, "triggerType"),
    ],
)  # fmt: skip
def test_errors_are_keyed_by_field(audit, ask, change, field) -> None:
    answer = ask("POST", body={**ACTION, **change})
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert not Rule.objects.exists()


@pytest.mark.parametrize("body", [[], "x", 7])
def test_what_is_no_object_is_refused(audit, ask, body) -> None:
    answer = ask("POST", body=body)
    assert (answer.status_code, list(answer.json())) == (400, ["nonFieldErrors"])


def test_without_a_registration_the_integration_is_the_destination(sentry, ask, acme) -> None:
    tocsin.event_type("audit-log", label="Audit log")
    kinds.SERVICES.add(20, "memory")
    desk = add_destination(acme, "memory", {"name": "desk"})
    body = {**ACTION, "serviceType": "memory", "integrationId": desk.pk}
    made = ask("POST", body=body)
    assert made.status_code == 201, made.content
    assert {**body, **made.json()} == {**made.json(), **body}
    tocsin.notify("audit-log", title="x", organization="acme")
    deliver_now()
    assert Delivery.objects.get().destination_id == desk.pk


def test_available_actions_gathers_what_registrations_offer(audit, ask, acme) -> None:
    add_destination(acme, "memory", {"name": "desk"}, label="Desk")
    answer = ask("GET", "available-actions/")
    assert answer.json() == {"actions": [{"organization": "acme", "integrations": [["memory", "Desk"]]}]}


def test_another_organization_and_a_token_without_the_scope(audit, ask, client, acme) -> None:
    Organization.objects.create(slug="other", name="Other")
    rule = ask("POST", body=ACTION).json()
    _, token = create_token("u", "other", scopes=["rules"])
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("actions/", f"actions/{rule['id']}/", "available-actions/"):
        assert (
            client.get(f"/api/0/organizations/acme/notifications/{path}", headers=headers).status_code == 404
        )
    assert (
        client.get(
            f"/api/0/organizations/other/notifications/actions/{rule['id']}/", headers=headers
        ).status_code
        == 404
    )
    _, poor = create_token("v", acme, scopes=["events:read"])
    assert client.get("/api/0/organizations/acme/notifications/actions/",
                      headers={"Authorization": f"Bearer {poor}"}).status_code == 403  # fmt: skip
    assert client.get("/api/0/organizations/acme/notifications/actions/").status_code == 401
    assert ask("PATCH").status_code == 405
    assert ask("PATCH", f"actions/{rule['id']}/").status_code == 405
    assert ask("POST", "available-actions/").status_code == 405


def test_a_list_has_pages(audit, ask, acme, monkeypatch) -> None:
    from tocsin.adapters.sentry import views

    monkeypatch.setattr(views, "PAGE", 2)
    for number in range(3):
        ask("POST", body={**ACTION, "targetIdentifier": f"C{number}9"})
    first = ask("GET")
    assert len(first.json()) == 2
    assert 'rel="next"; results="true"; cursor="0:2:0"' in first["Link"]
    last = ask("GET", "actions/?cursor=0:2:0")
    assert len(last.json()) == 1
    assert 'rel="next"; results="false"' in last["Link"]


def test_one_that_raises_is_tried_again_and_stops_no_other(sentry, audit, ask) -> None:
    @sentry.NotificationAction.register_action(0, 1, 0)
    class Broken(sentry.ActionRegistration):
        def fire(self, data):
            raise RuntimeError("no")

    ask("POST", body=ACTION)
    ask("POST", body={**ACTION, "serviceType": "pagerduty"})
    tocsin.notify("audit-log", title="x", organization="acme")
    deliver_now()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["retrying", "sent"]
    assert len(fired) == 1
