"""Managed destinations: a user's account e-mail, which has a row only when there is something to remember of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.channels import registry
from tocsin.errors import NotFound
from tocsin.recipients import users
from tocsin.recipients.models import Destination

if TYPE_CHECKING:
    from tocsin.tenants.scope import Scope

PREFIX = "account"
MAX_LABEL = 100


def public_id(destination: Destination) -> str:
    """The id by which people name a destination: its number, or `account-email-7` where it is managed."""
    if destination.managed:
        return f"{PREFIX}-{destination.channel}-{destination.user_id}"
    return str(destination.pk)


def is_public_id(text: str) -> bool:
    """Whether `text` names a managed destination."""
    return text.startswith(f"{PREFIX}-")


def entries(user_pk: Any) -> list[Destination]:
    """The managed destinations of a user, one for each channel that uses account addresses; saved or not."""
    known = users.recipients([user_pk]).get(user_pk)
    if known is None or not known.email:
        return []
    address = users.ascii_lower(known.email)
    slugs = [slug for slug, channel in sorted(registry.channels().items()) if channel.uses_account_email]
    return [entry(user_pk, slug, address) for slug in slugs]


def entry(user_pk: Any, channel: str, address: str) -> Destination:
    """The managed destination of a user on a channel, unsaved where nothing is remembered of this address."""
    row = Destination.objects.filter(user=user_pk, channel=channel, managed=True).first()
    if row is None:
        row = Destination(user_id=user_pk, channel=channel, managed=True)
    if row.identity != address:
        row.identity, row.label = address, address[:MAX_LABEL]
        row.disabled_at, row.disabled_reason, row.tested_at = None, "", None
    return row


def find(text: str, scope: Scope) -> Destination:
    """The managed destination with this public id. Raises `NotFound` for one that is missing or another's."""
    for slug, channel in registry.channels().items():
        head = f"{PREFIX}-{slug}-"
        if not channel.uses_account_email or not text.startswith(head):
            continue
        user_pk = users.key_or_none(text.removeprefix(head))
        if user_pk is not None and (scope.is_operator or user_pk == scope.user_id):
            for found in entries(user_pk):
                if found.channel == slug:
                    return found
    raise NotFound(f"There is no destination {text[:40]!r}.")
