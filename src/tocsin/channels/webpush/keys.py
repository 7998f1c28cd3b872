"""The keys by which push services know this site (VAPID, RFC 8292), and the header that is made with one."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings as django_settings

from tocsin import clock, conf, vapid
from tocsin.channels.mail.address import parse_sender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LIVES_SECONDS, KEPT_SECONDS = 18 * 3600, 6 * 3600
"""How long a header is good, of at most 24 hours, and is used: six hours are left for a clock that is wrong."""
MOST_KEPT = 512


class UnknownKeyError(LookupError):
    """The private half of a key is not there (any more)."""


def public_key() -> str:
    """Today's public key (base64url without padding), under which browsers subscribe; "" where there is none."""
    return next(iter(public_keys()), "")


def public_keys() -> tuple[str, ...]:
    """All public keys, newest first. Raises ValueError where `WEBPUSH_KEYS` holds what is none."""
    return tuple(_pairs(tuple(conf.get("WEBPUSH_KEYS"))))


def contact() -> str:
    """Whom a push service may write to: `WEBPUSH_CONTACT`, else the sender of e-mails, else the site.

    Apple's takes no address at localhost, so that one comes last.
    """
    if given := conf.get("WEBPUSH_CONTACT"):
        return str(given)
    try:
        sender = parse_sender(conf.get("FROM_EMAIL") or django_settings.DEFAULT_FROM_EMAIL)
    except ValueError:
        mail = ""
    else:
        mail = f"mailto:{sender.address}"
    if mail and not is_local(mail):
        return mail
    site = str(conf.get("BASE_URL"))
    return site if site.startswith("https://") else mail or "mailto:tocsin@localhost"


def is_local(contact: str) -> bool:
    """Whether a contact is an address that only this machine knows: Apple's push service refuses those."""
    domain = contact.rpartition("@")[2]
    return contact.startswith("mailto:") and (domain.endswith((".local", ".localhost")) or "." not in domain)


def authorization(origin: str, key: str) -> str:
    """The header by which the push service at `origin` knows us. Raises `UnknownKeyError`."""
    private = _pairs(tuple(conf.get("WEBPUSH_KEYS"))).get(key)
    if private is None:
        raise UnknownKeyError(key)
    return _headers.of(origin, key, contact(), private)


@lru_cache(maxsize=16)
def _pairs(given: tuple[str, ...]) -> Mapping[str, EllipticCurvePrivateKey]:
    return vapid.pairs(given)


class _Signed(NamedTuple):
    header: str
    at: float


class _Headers:
    """The headers of this process: each is signed once in some hours. When there are too many, the oldest goes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], _Signed] = {}
        self._lock = threading.Lock()

    def of(self, origin: str, key: str, subject: str, private: EllipticCurvePrivateKey) -> str:
        now, name = clock.now().timestamp(), (origin, key, subject)
        with self._lock:
            found = self._kept.get(name)
            if found and 0 <= now - found.at < KEPT_SECONDS:
                return found.header
            self._kept.pop(name, None)
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            header = _signed(origin, key, subject, private, int(now))
            self._kept[name] = _Signed(header, now)
        return header


def _signed(origin: str, key: str, subject: str, private: EllipticCurvePrivateKey, now: int) -> str:
    from py_vapid.jwt import sign  # type: ignore[import-untyped]

    token: str = sign({"aud": origin, "exp": now + LIVES_SECONDS, "sub": subject}, private)
    return f"vapid t={token}, k={key}"


_headers = _Headers()
