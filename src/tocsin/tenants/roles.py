"""What a signed-in person may see and do: their role in an organization, made into a `Scope`."""

from __future__ import annotations

from typing import Any

from tocsin.tenants.models import Membership, Role
from tocsin.tenants.organizations import organization_id
from tocsin.tenants.scope import Scope

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset({"admin"}),
    Role.ADMIN: frozenset({"admin"}),
    Role.MANAGER: frozenset({"events:write", "events:read", "deliveries:write", "rules", "inbox"}),
    Role.MEMBER: frozenset({"inbox"}),
}
_RANKS = list(PERMISSIONS)


def scope_of(user: Any) -> Scope:
    """The scope of a signed-in user.

    Staff and superusers, where the user model has such columns, are the operator. Anyone else acts in the
    organizations in which their role is their highest: one scope has one set of permissions, and a right in
    one organization must not leak into another. Who has no membership is a member of the implicit one.
    """
    name = f"user {user.pk}"
    if getattr(user, "is_staff", False) or getattr(user, "is_superuser", False):
        return Scope(None, user.pk, frozenset({"admin"}), name)
    found = Membership.objects.filter(user=user.pk).values_list("organization", "role")
    roles = {owner: role for owner, role in found if role in PERMISSIONS} or {organization_id(): Role.MEMBER}
    best = min(roles.values(), key=_RANKS.index)
    organizations = frozenset(owner for owner, role in roles.items() if role == best)
    return Scope(organizations, user.pk, PERMISSIONS[best], name)
