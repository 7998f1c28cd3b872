"""Whose rows a reader may see. The only way from an edge to a table is `objects.within(scope)`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from django.db import models

from tocsin.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

ADMIN = "admin"
"""The permission that includes all others."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A reader: the organizations whose rows are visible (None: all, the operator), the user, what is allowed.

    `permissions` hold in every one of the organizations: a right in one must not leak into another.
    """

    organizations: frozenset[int] | None
    user_id: Any = None
    permissions: frozenset[str] = frozenset()
    name: str = ""
    max_recipients: int | None = None
    """An event that names more people waits for a confirmation."""
    token: int | None = None
    """The key of the token, where it is one that asks."""
    grants: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Of a person: what is allowed in each organization."""

    @classmethod
    def of_grants(cls, grants: Mapping[int, frozenset[str]], user_id: Any, name: str) -> Self:
        """The scope of a person with these permissions in these organizations."""
        limited = [may for may in grants.values() if ADMIN not in may]
        shared = frozenset.intersection(*limited) if limited else frozenset({ADMIN} if grants else ())
        return cls(frozenset(grants), user_id, shared, name, grants=grants)

    def narrowed(self, permission: str) -> Scope:
        """The same reader where this is allowed. For tokens and the operator nothing changes."""
        if not self.grants:
            return self
        kept = {owner: may for owner, may in self.grants.items() if may & {permission, ADMIN}}
        return Scope.of_grants(kept, self.user_id, self.name)

    @property
    def is_operator(self) -> bool:
        return self.organizations is None

    @property
    def home(self) -> int:
        """The organization that is meant when none is named. Raises `InvalidInput` where that is not clear."""
        if self.organizations is None or len(self.organizations) != 1:
            raise invalid("organization", "is missing.", "Name one of your organizations.")
        return next(iter(self.organizations))

    def sees(self, organization_id: int) -> bool:
        return self.organizations is None or organization_id in self.organizations

    def may(self, permission: str, organization: int | None = None) -> bool:
        """Whether this is allowed: in that organization, or where none is named in every one."""
        held = self.permissions if organization is None else self.grants.get(organization, self.permissions)
        return bool(held & {permission, ADMIN})


OPERATOR = Scope(organizations=None, permissions=frozenset({"admin"}), name="operator")


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows that carry `organization`."""

    def within(self, scope: Scope) -> Self:
        """Only what `scope` may see."""
        if scope.organizations is None:
            return self.all()
        return self.filter(organization__in=scope.organizations)


class ScopedManager(models.Manager.from_queryset(ScopedQuerySet)):  # type: ignore[misc]
    """Default manager of every table that belongs to an organization."""
