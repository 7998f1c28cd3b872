"""Whose rows a reader may see. The only way from an edge to a table is `objects.within(scope)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.db import models

from tocsin.errors import invalid


@dataclass(frozen=True, slots=True)
class Scope:
    """A reader: the organizations whose rows are visible (None: all, the operator), the user, what is allowed."""

    organizations: frozenset[int] | None
    user_id: Any = None
    permissions: frozenset[str] = frozenset()
    name: str = ""
    max_recipients: int | None = None
    """An event that names more people waits for a confirmation."""

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

    def may(self, permission: str) -> bool:
        return permission in self.permissions or "admin" in self.permissions


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
