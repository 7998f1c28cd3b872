"""A right in one organization is none in another, whatever somebody is there."""

from __future__ import annotations

import random

import pytest

from tests.house.tree import ROOT
from tocsin.api.auth import OWN
from tocsin.tenants.models import Membership, Organization, Role
from tocsin.tenants.roles import PERMISSIONS, scope_of
from tocsin.tenants.tokens import SCOPES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(20))
def test_a_narrowed_scope_is_where_the_role_allows_it(seed, django_user_model) -> None:
    dice = random.Random(seed)
    user = django_user_model.objects.create_user("ana")
    roles = {}
    for number in range(4):
        organization = Organization.objects.create(slug=f"o{number}")
        if role := dice.choice([None, *Role]):
            Membership.objects.create(organization=organization, user=user, role=role)
            roles[organization.pk] = role
    scope = scope_of(user)
    for permission in SCOPES:
        allowed = {pk for pk, role in roles.items() if PERMISSIONS[role] & {permission, "admin"}}
        narrowed = scope.narrowed(permission)
        if roles:
            assert narrowed.organizations == allowed
        for other in SCOPES:
            everywhere = bool(allowed) and all(PERMISSIONS[roles[pk]] & {other, "admin"} for pk in allowed)
            if roles:
                assert narrowed.may(other) is everywhere
            for pk in allowed:
                assert narrowed.may(other, pk) is bool(PERMISSIONS[roles[pk]] & {other, "admin"})


def test_a_manager_here_and_an_administrator_there_acts_in_both(django_user_model, client) -> None:
    user = django_user_model.objects.create_user("ana")
    for slug, role in (("acme", Role.ADMIN), ("rival", Role.MANAGER), ("third", Role.MEMBER)):
        Membership.objects.create(organization=Organization.objects.create(slug=slug), user=user, role=role)
    client.force_login(user)
    answers = {
        slug: client.post(
            "/tocsin/api/v1/events", {"type": "drill", "title": "x", "organization": slug}, "application/json"
        ).status_code
        for slug in ("acme", "rival", "third", "nowhere")
    }
    assert answers == {"acme": 202, "rival": 202, "third": 422, "nowhere": 422}
    destination = {"owner": "org:rival", "channel": "memory", "settings": {"name": "x"}}
    assert client.post("/tocsin/api/v1/destinations", destination, "application/json").status_code == 422
    assert (
        client.post(
            "/tocsin/api/v1/destinations", destination | {"owner": "org:acme"}, "application/json"
        ).status_code
        == 201
    )


def test_the_documentation_has_the_same_table() -> None:
    page = (ROOT / "docs/reference/roles.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    written = {row[0].strip("`"): [cell.strip() == "yes" for cell in row[2:]] for row in rows}
    assert written == {
        permission: [bool(PERMISSIONS[role] & {permission, "admin"}) for role in Role]
        for permission in SCOPES
    }
    assert OWN
