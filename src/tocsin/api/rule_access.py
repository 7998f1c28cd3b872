"""Which rules a caller may keep, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import NotFound
from tocsin.events.ids import number_of
from tocsin.rules.models import Rule

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tocsin.tenants.scope import Scope

MANAGE = "rules"
BODY = (400, 413, 415)
"""What can be wrong with a body before it is read."""
MOST_BYTES = 1_048_576


def manageable(scope: Scope) -> QuerySet[Rule]:
    """The rules that `scope` may keep: its user's own, and with the permission its organizations'."""
    rows = Rule.objects.select_related("organization", "user")
    own: QuerySet[Rule] = rows.filter(user=scope.user_id, user__isnull=False)
    if scope.may(MANAGE):
        own = rows if scope.is_operator else own | rows.within(scope).filter(user=None)
    return own


def find_rule(rule_id: str, scope: Scope, *, deleted: bool = False) -> Rule:
    """A rule that `scope` may keep. Raises `NotFound`."""
    number = number_of(rule_id)
    found = None if number is None else manageable(scope).filter(pk=number).first()
    if found is None or (found.deleted_at is not None and not deleted):
        raise NotFound(f"There is no rule {rule_id}.")
    return found
