"""How many people an event would reach: counted before anything is planned, and only where a limit says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from tocsin.channels import registry
from tocsin.channels.forms import clean_settings
from tocsin.deliveries.contributors import contributors, people_of
from tocsin.events import types
from tocsin.recipients import users

if TYPE_CHECKING:
    from tocsin.deliveries.contributors import Contributor
    from tocsin.events.models import Event


def limit_of(event: Event) -> int | None:
    """The lower of the limits of its type and of the token it came with; None for none, or once it is confirmed."""
    if event.confirmed_at is not None:
        return None
    limits = [
        limit for limit in (event.max_recipients, types.find(event.type).max_recipients) if limit is not None
    ]
    return min(limits, default=None)


def excess(event: Event) -> str:
    """What is to be said of an event that names more people and addresses than it may; empty for all others."""
    limit = limit_of(event)
    if limit is None or not _is_over(event, limit):
        return ""
    whose = _("its type") if event.max_recipients is None or event.max_recipients > limit else _("its token")
    return _("It names more than %(limit)d people and addresses, which is the limit of %(whose)s.") % {
        "limit": limit, "whose": whose,
    }  # fmt: skip


def _is_over(event: Event, limit: int) -> bool:
    """Who is named by several contributors counts once. No more is counted than has to be."""
    found = contributors(event)
    addresses = {address for one in found for address in _addresses(one)}
    if len(addresses) > limit:
        return True
    named = Q(pk__in=())
    for one in found:
        if one.people:
            named |= Q(pk__in=people_of(event, one)[0].values("pk"))
    most = limit - len(addresses) + 1
    return len(users.users().filter(named).values_list("pk", flat=True)[:most]) == most


def _addresses(one: Contributor) -> set[Any]:
    """What is told beside people: destinations, bare addresses, targets of the settings, code."""
    bare = {(term.kind, _identity(term.kind, term.value)) for term in one.addresses}
    return bare | set(one.destinations) | set(one.refs) | {("action", number) for number in one.actions}


def _identity(channel: str, address: str) -> str:
    kind = registry.get(channel)
    return clean_settings(kind.form, kind.address_settings(address)).identity
