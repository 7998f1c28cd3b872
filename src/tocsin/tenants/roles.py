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

    A superuser is the operator. Anyone else acts in the organizations in which their role is their highest:
    one scope has one set of permissions, and a right in one organization must not leak into another.
    A host without memberships has the implicit organization: its staff manage it, the rest are members.
    """
    name = f"user {user.pk}"
    if getattr(user, "is_superuser", False):
        return Scope(None, user.pk, frozenset({"admin"}), name)
    roles: dict[int, str] = dict(Membership.objects.filter(user=user.pk).values_list("organization", "role"))
    roles = {owner: role for owner, role in roles.items() if role in PERMISSIONS}
    if not roles:
        role = Role.MANAGER if getattr(user, "is_staff", False) else Role.MEMBER
        roles = {organization_id(): role}
    best = min(roles.values(), key=_RANKS.index)
    organizations = frozenset(owner for owner, role in roles.items() if role == best)
    return Scope(organizations, user.pk, PERMISSIONS[best], name)
