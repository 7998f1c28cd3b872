"""Who may read the events of which organization, asked for many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q

from tocsin.tenants.models import Membership
from tocsin.tenants.roles import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Set

READ = "events:read"
OPERATOR_FLAGS = ("is_staff", "is_superuser")


def may_read_events(pairs: Set[tuple[int, Any]]) -> set[tuple[int, Any]]:
    """Of (organization, user) those in which the user's role there, or being the operator, lets them read."""
    roles = [role for role, may in PERMISSIONS.items() if may & {READ, "admin"}]
    organizations, users = {organization for organization, _ in pairs}, {user for _, user in pairs}
    rows = Membership.objects.filter(organization__in=organizations, user__in=users, role__in=roles)
    readers = set(rows.values_list("organization", "user"))
    operators = _operators(users)
    return {pair for pair in pairs if pair in readers or pair[1] in operators}


def _operators(users: Set[Any]) -> set[Any]:
    flags = Q()
    for name in OPERATOR_FLAGS:
        if _has_column(name):
            flags |= Q(**{name: True})
    if not flags:
        return set()
    found = get_user_model()._default_manager.filter(flags, pk__in=users)
    return set(found.values_list("pk", flat=True))


def _has_column(name: str) -> bool:
    try:
        get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
