"""Whose a destination or a rule is, over HTTP: "user:ana" or "org:acme", as far as the caller may manage theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.errors import invalid
from tocsin.recipients import users
from tocsin.recipients.destinations import MANAGE
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    from tocsin.tenants.scope import Scope

USER, ORGANIZATION = "user", "org"


def find_owner(text: str, scope: Scope, permission: str = MANAGE) -> Any:
    """The user or organization that `text` names; for the empty text whoever asks.

    Raises `InvalidInput`, in the same words for one that is missing and one that is another's.
    """
    if not text:
        return _who_asks(scope)
    kind, _, name = text.partition(":")
    if kind not in (USER, ORGANIZATION) or not name or not text.isprintable():
        raise invalid("owner", "is no owner.", "Write user:NAME or org:SLUG.")
    if kind == USER:
        found = users.find(name)
        allowed = found is not None and (scope.is_operator or found.pk == scope.user_id)
    else:
        found = Organization.objects.filter(slug=name).first()
        allowed = found is not None and scope.may(permission) and scope.sees(found.pk)
    if not allowed:
        raise invalid(
            "owner",
            f"is nobody here whose {permission} you may manage.",
            "Name yourself, or an organization of yours.",
        )
    return found


def _who_asks(scope: Scope) -> Any:
    if scope.user_id is not None:
        return users.users().get(pk=scope.user_id)
    if scope.is_operator:
        raise invalid("owner", "is missing.", "Write user:NAME or org:SLUG.")
    return Organization.objects.get(pk=scope.home)


def owner_text(owner: Any) -> str:
    """What `find_owner` takes for a user or an organization."""
    if isinstance(owner, Organization):
        return f"{ORGANIZATION}:{owner.slug}"
    name = owner.get_username()
    plain = users.key_or_none(name) is None and not name.startswith("name=")
    return f"{USER}:{name}" if plain else f"{USER}:name={name}"
