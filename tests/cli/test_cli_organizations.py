"""`tocsin org`, `team` and `project`: who belongs where, from the shell."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model

from tocsin.tenants.audit import AuditEntry


@pytest.fixture
def people(db):
    return [get_user_model().objects.create_user(name) for name in ("ana", "ben", "eva")]


@pytest.fixture
def acme(invoke, people):
    invoke("org", "create", "acme", "--name", "Acme Ltd")
    invoke("org", "set-member", "acme", "ana", "--role", "owner")
    invoke("org", "set-member", "acme", "ben")


def rows(invoke, *arguments):
    return json.loads(invoke(*arguments, "--json").stdout)


def test_an_organization_and_its_members(invoke, acme):
    assert {"slug": "acme", "name": "Acme Ltd", "members": 2, "teams": 0, "projects": 0} in rows(
        invoke, "org", "list"
    )
    invoke("org", "set-member", "acme", "ben", "--role", "manager")
    invoke("org", "set-manager", "acme", "eva", "--of", "user:ben")
    assert rows(invoke, "org", "members", "acme") == [
        {"user": "ana", "role": "owner", "account manager": ""},
        {"user": "ben", "role": "manager", "account manager": "eva"},
    ]
    invoke("org", "set-manager", "acme", "--of", "user:ben")
    invoke("org", "remove-member", "acme", "ben")
    assert [row["user"] for row in rows(invoke, "org", "members", "acme")] == ["ana"]
    assert all(by.startswith("command line") for by in AuditEntry.objects.values_list("by", flat=True))


def test_the_last_owner_stays(invoke, acme):
    assert "at least one owner" in invoke("org", "remove-member", "acme", "ana", code=1).stderr
    assert "at least one owner" in invoke("org", "set-member", "acme", "ana", code=1).stderr


def test_teams_and_projects(invoke, acme):
    invoke("team", "create", "acme/ops", "--name", "Operations")
    said = invoke("team", "add", "acme/ops", "ana", "ben").stdout
    assert said == "ana is in acme/ops.\nben is in acme/ops.\n"
    assert "no member" in invoke("team", "add", "acme/ops", "eva", code=1).stderr
    invoke("team", "remove", "acme/ops", "ben")
    invoke("org", "set-manager", "acme", "eva", "--of", "team:ops")
    assert rows(invoke, "team", "list", "acme") == [{"slug": "ops", "name": "Operations", "members": ["ana"]}]
    invoke("project", "create", "acme/web")
    assert rows(invoke, "project", "list", "acme") == [{"slug": "web", "name": "web"}]
    invoke("project", "delete", "acme/web")
    invoke("team", "delete", "acme/ops")
    assert rows(invoke, "team", "list", "acme") == rows(invoke, "project", "list", "acme") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("org", "create", "acme"),
        ("org", "create", "A b"),
        ("org", "members", "nowhere"),
        ("org", "set-member", "acme", "nobody"),
        ("org", "set-member", "acme", "ben", "--role", "boss"),
        ("org", "set-manager", "acme", "eva", "--of", "team:none"),
        ("org", "set-manager", "acme", "eva", "--of", "ben"),
        ("team", "add", "acme/none", "ana"),
        ("team", "create", "nowhere/ops"),
        ("project", "delete", "acme/none"),
    ],
)
def test_what_cannot_be_is_wrong_usage(invoke, acme, arguments):
    assert "Error:" in invoke(*arguments, code=2).stderr
