"""Bearer tokens: made once, shown once, kept as a digest, and turned into a `Scope` on every request."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import string
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tocsin import clock, conf
from tocsin.errors import Conflict, FieldError, InvalidInput, NotFound, invalid
from tocsin.tenants.audit import note
from tocsin.tenants.models import ApiToken, Organization
from tocsin.tenants.organizations import organization_id
from tocsin.tenants.scope import OPERATOR, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from django.utils.functional import Promise

logger = logging.getLogger("tocsin.tokens")

MARK = "tcs_"
MEANINGS: dict[str, str | Promise] = {
    "events:write": _("Send events, and cancel them"),
    "events:read": _("Read events, and what became of them"),
    "events:address": _("Send to any address, also of people who have no account"),
    "deliveries:write": _("Send again what was given up"),
    "destinations": _("Change where the organization is told: its addresses and their settings"),
    "rules": _("Change who is told of what"),
    "inbox": _("Nothing more: an inbox belongs to a person"),
    "admin": _("Everything, the people and the audit log too"),
}
"""What each scope lets its bearer do."""
SCOPES = tuple(MEANINGS)
DEFAULT_SCOPES = ("events:write", "events:read", "events:address")
CACHE_SECONDS = 2.0
"""How long a process believes what it last read of a token: a revoked one works no longer than this."""
CACHE_SIZE = 4096
LAST_USED_EVERY = timedelta(minutes=1)

_ALPHABET = string.ascii_letters + string.digits
_SHAPE = re.compile(r"\Atcs_([A-Za-z0-9]{10})_[A-Za-z0-9]{40}\Z")
_NOBODY = "0" * 64

_cache: dict[bytes, tuple[float, datetime | None, Scope]] = {}


def create_token(
    name: str,
    organization: Organization | str = "",
    *,
    scopes: Iterable[str] = DEFAULT_SCOPES,
    operator: bool = False,
    expires: datetime | None = None,
    max_recipients: int | None = None,
    by: str = "Python",
    once: str = "",
) -> tuple[ApiToken, str]:
    """A new token and its text, which is not kept: this is the only time it can be shown.

    `organization` is one, or its slug (empty: the implicit one); an operator's token acts for all of them.
    An event of it that names more than `max_recipients` people waits for a confirmation. Raises `InvalidInput`,
    and `Conflict` where this organization has made a token for the same `once` before.
    """
    owner = organization.pk if isinstance(organization, Organization) else organization_id(organization)
    prefix = _drawn_from(f"{owner} {once}") if once else _random(10)
    plain = f"{MARK}{prefix}_{_random(40)}"  # 40 of 62 characters: 238 bits
    token = ApiToken(
        organization_id=owner,
        name=_clean_name(name),
        prefix=prefix,
        digest=_digest(plain).hex(),
        scopes=_clean_scopes(scopes),
        is_operator=operator,
        expires_at=_clean_expiry(expires),
        max_recipients=_clean_limit(max_recipients),
    )
    try:
        with transaction.atomic():
            token.save(force_insert=True)
            note(owner, by, "token.create", _subject(token), before={}, after=_said(token))
    except IntegrityError:
        if once and ApiToken.objects.filter(prefix=prefix).exists():
            raise Conflict("This token was made already. Its text is shown once.") from None
        raise
    return token, plain


def _said(token: ApiToken) -> dict[str, Any]:
    """What the audit log is told of a token."""
    expires = token.expires_at
    return {
        "name": token.name,
        "scopes": token.scopes,
        "is_operator": token.is_operator,
        "max_recipients": token.max_recipients,
        "expires_at": expires.isoformat() if expires else None,
    }


def _subject(token: ApiToken) -> str:
    return f"token:{token.prefix}"


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _drawn_from(text: str) -> str:
    """A prefix that is always the same for a text: the table holds it once."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in _digest(text)[:10])


def _digest(plain: str) -> bytes:
    return hashlib.sha256(plain.encode(errors="replace")).digest()


def _clean_name(name: str) -> str:
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise invalid("name", "must be one line of 1 to 100 characters.", "Say what the token is for.")
    return name.strip()


def _clean_scopes(scopes: Iterable[str]) -> list[str]:
    given = list(dict.fromkeys(scopes))
    errors = [
        FieldError("scopes", f"{scope!r} is no scope.", conf.nearest(scope, SCOPES))
        for scope in given
        if scope not in SCOPES
    ]
    if errors:
        raise InvalidInput(*errors)
    if not given:
        raise invalid("scopes", "are missing.", f"Give some of: {', '.join(SCOPES)}.")
    return given


def _clean_expiry(expires: datetime | None) -> datetime | None:
    if expires is None:
        return None
    if expires.tzinfo is None:
        raise invalid("expires", "has no time zone.", "Add an offset, such as +01:00 or Z.")
    if expires <= clock.now():
        raise invalid("expires", "is past.", "Give a later time, or none.")
    return expires


def _clean_limit(limit: int | None) -> int | None:
    if limit is not None and not 0 <= limit < 2**31:
        raise invalid("max_recipients", "must be 0 or more.", "Leave it out for no limit.")
    return limit


def authenticate(plain: str) -> Scope | None:
    """What the bearer of `plain` may see and do; None for a token that is unknown, revoked or expired."""
    if known := cached(plain):
        return known
    shape = _SHAPE.match(plain)
    token = ApiToken.objects.filter(prefix=shape.group(1)).first() if shape else None
    digest = _digest(plain)
    # Compared even where there is no token, so that the time says nothing about prefixes.
    same = hmac.compare_digest(digest.hex(), token.digest if token else _NOBODY)
    if token is None or not same or not is_live(token):
        return None
    scope = Scope(
        organizations=None if token.is_operator else frozenset({token.organization_id}),
        permissions=frozenset(token.scopes),
        name=f"token {token.name}",
        max_recipients=token.max_recipients,
        token=token.pk,
    )
    _remember(digest, token.expires_at, scope)
    _note_use(token)
    return scope


def cached(plain: str) -> Scope | None:
    """`authenticate` as far as memory knows, without the database: None is no answer, not a refusal."""
    digest = _digest(plain)
    entry = _cache.get(digest)
    if entry is None:
        return None
    until, expires_at, scope = entry
    if time.monotonic() < until and (expires_at is None or clock.now() < expires_at):
        return scope
    _cache.pop(digest, None)
    return None


def _remember(digest: bytes, expires_at: datetime | None, scope: Scope) -> None:
    if len(_cache) >= CACHE_SIZE:
        _cache.clear()
    _cache[digest] = (time.monotonic() + CACHE_SECONDS, expires_at, scope)


def is_live(token: ApiToken) -> bool:
    """Whether it still works: neither revoked nor expired."""
    return token.revoked_at is None and (token.expires_at is None or clock.now() < token.expires_at)


def _note_use(token: ApiToken) -> None:
    """Write `last_used_at`, at most once a minute. Where the disk is full, reading still works."""
    stale = clock.now() - LAST_USED_EVERY
    if token.last_used_at is not None and token.last_used_at > stale:
        return
    unused = Q(last_used_at=None) | Q(last_used_at__lte=stale)
    try:
        with transaction.atomic():
            ApiToken.objects.filter(unused, pk=token.pk).update(last_used_at=clock.now())
    except OperationalError as error:
        logger.warning("the use of token %s could not be noted: %s", token.prefix, error)


def find_token(name: str, scope: Scope = OPERATOR) -> ApiToken:
    """The one token with this prefix or name. Raises `NotFound`, and `InvalidInput` if several have the name."""
    found = list(ApiToken.objects.within(scope).filter(Q(prefix=name) | Q(name=name))[:2])
    if not found:
        raise NotFound(f"There is no token {name!r}.")
    if len(found) > 1:
        raise invalid("token", f"{name!r} is the name of several tokens.", "Give the prefix of one.")
    token: ApiToken = found[0]
    return token


def revoke(token: ApiToken, by: str = "Python") -> None:
    """End a token: at once in this process, within `CACHE_SECONDS` in all others."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now()):
            note(token.organization_id, by, "token.revoke", _subject(token), before=_said(token), after={})
    token.refresh_from_db(fields=["revoked_at"])
    _cache.clear()
