"""Inbox tokens: signed, nowhere stored. With one a page of another site shows a person's inbox, for some hours."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.signing import BadSignature, TimestampSigner

from tocsin import clock
from tocsin.errors import invalid
from tocsin.tenants.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "tci_"
LONGEST = timedelta(hours=24)


def inbox_token(user: Any, expires: timedelta = timedelta(hours=12)) -> str:
    """A token that lets its bearer read and change this user's inbox, and nothing else, for so long.

    It cannot be revoked by itself: it ends with `expires` (at most 24 hours), with a new password, and with the
    user. Raises `InvalidInput`.
    """
    if not timedelta(0) < expires <= LONGEST:
        raise invalid(
            "expires", f"is {expires}.", "Give a time of at most 24 hours; pages ask for the next token."
        )
    if not _is_someone(user):
        raise invalid("user", "is nobody who can sign in.", "Give a saved, active user.")
    until = (clock.now() + expires).timestamp()
    return MARK + _signer().sign_object([user._meta.pk.value_to_string(user), until, next(_proofs(user))])


def authenticate(plain: str) -> Scope | None:
    """The person whose inbox `plain` opens; None for a token that is not ours, expired or ended."""
    try:
        key, until, proof = _signer().unsign_object(plain.removeprefix(MARK), max_age=LONGEST)
    except BadSignature:
        return None
    if clock.now().timestamp() >= until:
        return None
    model = get_user_model()
    user: Any = model._default_manager.filter(pk=model._meta.pk.to_python(key)).first()
    if not _is_someone(user) or not any(hmac.compare_digest(proof, known) for known in _proofs(user)):
        return None
    return Scope(frozenset(), user.pk, name=f"user {user.pk}")


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="tocsin.inbox_token", sep=".")  # a colon is not allowed in a bearer token


def _is_someone(user: Any) -> bool:
    return getattr(user, "pk", None) is not None and bool(getattr(user, "is_active", True))


def _proofs(user: Any) -> Iterator[str]:
    """What changes with the password, by each key in force. Hashed, for a token can be read by its bearer."""
    if not hasattr(user, "get_session_auth_hash"):
        yield ""
        return
    for made in (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()):
        yield hashlib.sha256(made.encode()).hexdigest()[:32]
