"""Preferences over HTTP: what a person wants to hear of by which channel, and what their organization says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.api import answers
from tocsin.api.auth import READER
from tocsin.api.bodies import placed, read_object
from tocsin.api.openapi import body_of
from tocsin.api.routes import route, scope_of
from tocsin.api.trials import find_organization
from tocsin.api.window_shapes import PreferencesChange, PreferencesOut
from tocsin.recipients import preferences
from tocsin.tenants.organizations import organization_id

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope

BODY = (400, 413, 415)
DEEP = 20
"""Every dot in a field parts names."""


@route("GET", "/preferences", READER, shape=PreferencesOut)
def get_preferences(request: HttpRequest, organization: str = "") -> HttpResponse:
    """What the reader is told of by which channel, and which layer says so, in one of their organizations."""
    scope = scope_of(request)
    return answers.respond({"items": preferences.matrix(scope.user_id, _place(organization, scope))})


@route("PUT", "/preferences", READER, shape=PreferencesOut, problems=BODY, body=body_of(PreferencesChange))
def change_preferences(request: HttpRequest, organization: str = "") -> HttpResponse:
    """Keep or forget wishes of the reader, all or none."""
    scope = scope_of(request)
    with placed(depth=DEEP):
        given = read_object(request, PreferencesChange.model_fields)
        place = _place(organization, scope)
        changes = preferences.parse_changes(given.get("changes"), organization=place)
    preferences.save(changes, scope.name, user=scope.user_id)
    return answers.respond({"items": preferences.matrix(scope.user_id, place)})


@route(
    "PUT", "/preferences/organization", "admin", status=204, problems=BODY, body=body_of(PreferencesChange)
)
def change_organization_preferences(request: HttpRequest, organization: str = "") -> HttpResponse:
    """Say what holds for those of an organization's people who said nothing themselves, all or none."""
    scope = scope_of(request)
    with placed(depth=DEEP):
        given = read_object(request, PreferencesChange.model_fields)
        owner = find_organization(organization, scope)
        changes = preferences.parse_changes(given.get("changes"), organization=owner)
    preferences.save(changes, scope.name, organization=owner)
    return answers.nothing()


def _place(slug: str, scope: Scope) -> int:
    """The organization that is named, else the reader's only one, else the implicit."""
    if slug or (scope.organizations is not None and len(scope.organizations) == 1):
        return find_organization(slug, scope)
    return organization_id()
