"""What a role may do in an organization, in one table, and the scope of a signed-in person made of it."""

from __future__ import annotations

from typing import Any

from tocsin.tenants.models import Membership, Role
from tocsin.tenants.organizations import organization_id
from tocsin.tenants.scope import ADMIN, Scope

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset({ADMIN}),
    Role.ADMIN: frozenset({ADMIN}),
    Role.MANAGER: frozenset({"events:write", "events:read", "deliveries:write", "rules", "inbox"}),
    Role.MEMBER: frozenset({"inbox"}),
}
"""Owners may what administrators may, and alone make owners or take that from one: see `members.why_not`."""


def scope_of(user: Any) -> Scope:
    """The scope of a signed-in user in all their organizations; `narrowed` to a permission before it is used.

    Staff and superusers, where the user model has such columns, are the operator. Who has no membership is a member
    of the implicit organization.
    """
    name = f"user {user.pk}"
    if getattr(user, "is_staff", False) or getattr(user, "is_superuser", False):
        return Scope(None, user.pk, frozenset({ADMIN}), name)
    found = Membership.objects.filter(user=user.pk).values_list("organization", "role")
    grants = {owner: PERMISSIONS[role] for owner, role in found if role in PERMISSIONS}
    return Scope.of_grants(grants or {organization_id(): PERMISSIONS[Role.MEMBER]}, user.pk, name)
