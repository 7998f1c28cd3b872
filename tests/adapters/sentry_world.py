"""What the tests of the Sentry adapter stand on: registries of their own, the registration of the guide, a token."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError

from tocsin.adapters.sentry import actions, kinds
from tocsin.events import types
from tocsin.rules import registrations
from tocsin.tenants.models import Organization
from tocsin.tenants.tokens import create_token

ACTION = {
    "triggerType": "audit-log",
    "serviceType": "slack",
    "targetIdentifier": "C0123",
    "targetDisplay": "#audit",
}

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
