"""Links that end a kind of message for one person on one channel: signed, and good for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.signing import BadSignature, Signer
from django.urls import NoReverseMatch, reverse

from tocsin import conf
from tocsin.errors import NotFound
from tocsin.events import types
from tocsin.recipients import preferences, users

if TYPE_CHECKING:
    from collections.abc import Iterable

SALT = "tocsin.unsubscribe"


class Subject(NamedTuple):
    """Whom a link is for, and what it ends."""

    user: Any
    channel: str
    event_types: tuple[str, ...]


def link(user: Any, channel: str, event_types: Iterable[str]) -> str:
    """The absolute address of the page, or "" where there is none, or where something of it is mandatory."""
    kinds = sorted(set(event_types))
    base = conf.get("BASE_URL")
    if not base or any(types.find(kind).mandatory for kind in kinds):
        return ""
    token = Signer(salt=SALT).sign_object([str(user), channel, kinds])
    try:
        return f"{base.rstrip('/')}{reverse('tocsin:unsubscribe', args=[token])}"
    except NoReverseMatch:  # a worker of a host that does not include our pages
        return ""


def read(token: str) -> Subject:
    """What a link means. Raises `NotFound` for one that we did not sign, and for a person who is gone."""
    try:
        key, channel, kinds = Signer(salt=SALT).unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        raise NotFound("There is no such link.") from None
    user = users.key_or_none(key)
    if user is None or not users.users().filter(pk=user).exists():
        raise NotFound("There is no such link.")
    return Subject(user, channel, tuple(kinds))


def end(subject: Subject) -> None:
    """Switch these types off for the person on the channel. Twice is the same as once."""
    changes = [preferences.Change(kind, subject.channel, wanted=False) for kind in subject.event_types]
    preferences.save(changes, f"user {subject.user}", user=subject.user)
