"""Why one person got an event, or did not: asked for by name on the event's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from tocsin.deliveries.explain import explain
from tocsin.recipients import users
from tocsin.tenants.models import Membership
from tocsin.tenants.organizations import is_implicit

if TYPE_CHECKING:
    from tocsin.events.models import Event
    from tocsin.tenants.scope import Scope

LETTERS, SUGGESTED = 2, 10


def why(event: Event, name: str, scope: Scope) -> list[str]:
    """Sentences about one person. Whom the asker's organization does not know is nobody."""
    user = users.find(name)
    if user is None or not _is_known(user, event, scope):
        return [_("There is nobody called “%(name)s” here.") % {"name": name}]
    return explain(event, user, scope=scope).sentences


def people_called(beginning: str, event: Event, scope: Scope) -> list[str]:
    """User names that begin so, of the people whom one may ask about; none for less than two letters."""
    beginning = beginning.strip()
    if len(beginning) < LETTERS or "\x00" in beginning:
        return []
    field = get_user_model().USERNAME_FIELD
    found = users.users().filter(**{f"{field}__startswith": beginning})
    if not (scope.is_operator or is_implicit(event.organization_id)):
        members = Membership.objects.filter(organization=event.organization_id)
        found = found.filter(pk__in=members.values("user"))
    return [str(name) for name in found.order_by(field).values_list(field, flat=True)[:SUGGESTED]]


def _is_known(user: Any, event: Event, scope: Scope) -> bool:
    if scope.is_operator or is_implicit(event.organization_id):
        return True
    return bool(Membership.objects.filter(organization=event.organization_id, user=user.pk).exists())
