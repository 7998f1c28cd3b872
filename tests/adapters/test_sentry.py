"""Sentry's notification actions: registrations as its guide writes them, and its REST calls."""

from __future__ import annotations

import json
import re
from enum import IntEnum

import pytest
from django.core.exceptions import ValidationError

import tocsin
from tests.channels.email.mails import SMTP, use_backend
from tests.house.tree import ROOT
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.adapters.sentry import actions, kinds
from tocsin.deliveries.models import Delivery
from tocsin.events import types
from tocsin.inbox.models import InboxItem
from tocsin.recipients.destinations import add_destination
from tocsin.rules import registrations, save
from tocsin.rules.bodies import bodies_of
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.tenants.models import Membership, Organization, Project, Team, TeamMember
from tocsin.tenants.tokens import create_token
from tocsin.testing import deliver_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.adapters.sentry_urls")]

fired: list[tuple] = []


class DrfError(Exception):
    """Looks like the ValidationError of Django REST framework."""

    def __init__(self, detail):
        self.detail = detail


@pytest.fixture
def sentry(switch_on, monkeypatch):
    """The adapter, with registries of its own for each test."""
    for name in ("_actions", "_services", "_targets"):
        monkeypatch.setattr(registrations, name, {})
    monkeypatch.setattr(types, "_types", dict(types._types))
    monkeypatch.setattr(actions.NotificationAction, "_registry", {})
    for choices in (kinds.TRIGGERS, kinds.SERVICES, kinds.TARGETS):
        monkeypatch.setattr(choices, "_names", dict(choices._names))
    fired.clear()
    switch_on("sentry")
    from sentry.notifications.models import notificationaction

    return notificationaction


@pytest.fixture
def acme():
    return Organization.objects.create(slug="acme", name="Acme")


@pytest.fixture
def audit(sentry):
    """The registration of the guide, with a body."""

    @sentry.NotificationAction.register_action(
        trigger_type=sentry.ActionTrigger.AUDIT_LOG.value,
        service_type=sentry.ActionService.SLACK.value,
        target_type=sentry.ActionTarget.SPECIFIC.value,
    )
    class AuditLogRegistration(sentry.ActionRegistration):
        def fire(self, data):
            fired.append((self.action.target_identifier, self.action.target_display, data["title"]))

        @classmethod
        def validate_action(cls, data):
            if data["target_identifier"] == "C000":
                raise DrfError({"target_identifier": ["is archived"]})
            if data["target_identifier"] == "C111":
                raise ValidationError({"target_display": ["is no name"]})

        @classmethod
        def serialize_available(cls, organization, integrations=None):
            return [
                {
                    "organization": organization.slug,
                    "integrations": [(one.provider, one.name) for one in integrations],
                }
            ]

    return AuditLogRegistration


@pytest.fixture
def ask(client, acme):
    """Calls the REST interface with a token that may keep rules."""
    _, token = create_token("t", acme, scopes=["rules"])

    def call(method: str, path: str = "actions/", body: object = None, **headers: str):
        return client.generic(
            method, f"/api/0/organizations/acme/notifications/{path}", "" if body is None else json.dumps(body),
            content_type="application/json", headers={"Authorization": f"Bearer {token}", **headers},
        )  # fmt: skip

    return call


ACTION = {
    "triggerType": "audit-log",
    "serviceType": "slack",
    "targetIdentifier": "C0123",
    "targetDisplay": "#audit",
}


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
        ({"integrationId": True}, "integrationId"), ({"serviceType": "pagerduty"}, "serviceType"),
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


@pytest.mark.parametrize("target", ["user", "team", "specific"])
def test_sentry_notification_is_in_app_and_mail(sentry, acme, target, django_user_model, settings) -> None:
    ana = django_user_model.objects.create_user("ana", "ana@example.org", "x")
    Membership.objects.create(organization=acme, user=ana, role="owner")
    team = Team.objects.create(organization=acme, slug="ops", name="Ops")
    TeamMember.objects.create(team=team, user=ana)
    tocsin.event_type("spike-protection", label="Spike")
    named = {"user": str(ana.pk), "team": str(team.pk), "specific": ""}[target]
    save.save(
        {"name": "spikes", "event_types": ["spike-protection"], "service": "sentry_notification", "target": target,
         "target_identifier": named},
        Place(acme.pk), "test",
    )  # fmt: skip
    with SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        tocsin.notify("spike-protection", title="A spike", organization="acme")
        for _ in range(2):
            deliver_now()
        assert [mail.recipients for mail in relay.accepted] == [["ana@example.org"]]
    assert InboxItem.objects.get().event.title == "A spike"


def test_others_extend_triggers_services_and_targets(sentry, acme) -> None:
    class HouseTrigger(sentry.FlexibleIntEnum):
        LEAK = 300

        @classmethod
        def as_choices(cls):
            return ((cls.LEAK.value, "water-leak"),)

    assert HouseTrigger.get_name(300) == "water-leak"
    action = sentry.NotificationAction
    for value, text in HouseTrigger.as_choices():
        action.register_trigger_type(value, text)
    action.register_service_type(value=30, display_text="siren")
    action.register_target_type(value=30, display_text="house")

    @action.register_action(trigger_type=HouseTrigger.LEAK, service_type=30, target_type=30)
    class Siren(sentry.ActionRegistration):
        def fire(self, data):
            fired.append((self.action.trigger_type, data["title"]))

    save.save(
        {"name": "leaks", "event_types": ["water-leak"], "service": "siren", "target": "house",
         "target_identifier": "12"},
        Place(acme.pk), "test",
    )  # fmt: skip
    tocsin.notify("water-leak", title="In the cellar", organization="acme")
    deliver_now()
    assert fired == [(300, "In the cellar")]


def test_double_and_unknown_registrations_are_refused(sentry, audit) -> None:
    register = sentry.NotificationAction.register_action
    with pytest.raises(AttributeError, match="already"):
        register(trigger_type=0, service_type=2, target_type=0)(audit)
    for key in ((9, 2, 0), (0, 99, 0), (0, 2, 99)):
        with pytest.raises(AttributeError, match="not known"):
            register(*key)
    with pytest.raises(AttributeError, match="taken"):
        sentry.NotificationAction.register_trigger_type(0, "another")
    with pytest.raises(AttributeError, match="taken"):
        sentry.NotificationAction.register_trigger_type(400, "audit-log")


def test_an_action_can_be_fired_at_once(sentry, audit, caplog) -> None:
    made = sentry.NotificationAction(0, 2, 0, target_identifier="C1")
    made.fire({"title": "now"})
    assert fired == [("C1", "", "now")]
    sentry.NotificationAction(100, 2, 0, id=5).fire({})
    assert "nothing is registered for the action 5" in caplog.text


def test_the_numbers_and_names_of_the_original(sentry) -> None:
    assert issubclass(sentry.ActionService, IntEnum)
    assert sentry.ActionService.get_name(5) == "sentry_notification"
    assert sentry.ActionTarget.get_value("team") == sentry.ActionTarget.TEAM == 2
    assert sentry.NotificationAction.get_trigger_text(sentry.ActionTrigger.AUDIT_LOG) == "audit-log"
    assert sentry.NotificationAction.get_registry() == {}


def test_the_older_path_of_the_module_is_served_too(sentry) -> None:
    from sentry.models.notificationaction import NotificationAction

    assert NotificationAction is sentry.NotificationAction


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
