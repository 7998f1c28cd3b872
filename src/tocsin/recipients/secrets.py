"""Secrets at rest: Fernet with rotating keys. What cannot be read is a reason, not a crash."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tocsin import conf
from tocsin.channels.redact import hide
from tocsin.errors import TocsinError


class SecretUnreadable(TocsinError):
    """None of today's keys opens this secret."""


def seal(values: Any) -> str:
    """Encrypt a JSON value; nothing for an empty one."""
    if not values:
        return ""
    return _keys().encrypt(json.dumps(values, ensure_ascii=False).encode()).decode()


def unseal(sealed: str) -> Any:
    """Decrypt what `seal` made; {} for the empty string. Raises `SecretUnreadable`."""
    if not sealed:
        return {}
    try:
        return hide(json.loads(_keys().decrypt(sealed.encode())))
    except InvalidToken:
        raise SecretUnreadable(
            "a secret cannot be read with today's keys: add the old one to SECRET_KEYS."
        ) from None


def reseal(sealed: str) -> str:
    """The same secret under the newest key; `sealed` itself where it is that already. Raises `SecretUnreadable`."""
    values = unseal(sealed)
    try:
        _newest().decrypt(sealed.encode())
    except InvalidToken:
        return seal(values)
    return sealed


def _newest() -> Fernet:
    return Fernet(conf.secret_keys()[0])


def _keys() -> MultiFernet:
    return _made_of(conf.secret_keys())


@lru_cache(maxsize=4)
def _made_of(keys: tuple[bytes, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
