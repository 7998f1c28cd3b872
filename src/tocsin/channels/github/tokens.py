"""By which token a destination asks: its own, or one that its GitHub App is given for an hour."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tocsin import clock, conf
from tocsin.channels import http
from tocsin.channels.base import Cause, Rejected
from tocsin.channels.github.answers import read, strange
from tocsin.channels.github.asking import Access, Asking, Ended, object_of, request

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_KEPT = 256
SLACK = timedelta(minutes=1)
"""For clocks that differ, and for requests under way when a token ends."""
LIFE = timedelta(minutes=9)
"""Of a JWT; GitHub takes ten minutes at most."""
_TOKEN = re.compile(r"[!-~]{8,1000}", re.ASCII)
_kept: dict[str, _Kept] = {}
_lock = threading.Lock()


class _Kept(NamedTuple):
    token: str
    until: datetime


def limit_key(settings: Mapping[str, Any]) -> str:
    """What GitHub counts this destination's requests by: its token, or its App's installation."""
    return http.limit_key("github", settings.get("token") or _name(settings))


def access_of(settings: Mapping[str, Any]) -> Asking[Access]:
    """Access to the destination's repository; one request where an App has no token that is still good."""
    token = settings.get("token") or _remembered(settings)
    if not token:
        token = yield from _given(settings)
    return Access(settings["repository"], token, limit_key(settings))


def forget(settings: Mapping[str, Any]) -> bool:
    """Throw an App's token away that GitHub refused. False where there is no App: nothing else can be tried."""
    if settings.get("token"):
        return False
    with _lock:
        _kept.pop(_name(settings), None)
    return True


def load_key(pem: str) -> rsa.RSAPrivateKey:
    """The private key of an App. Raises ValueError for what is none."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except Exception as error:  # the library raises many kinds, some with the text in them
        raise ValueError(type(error).__name__) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(type(key).__name__)
    return key


def signed(settings: Mapping[str, Any], now: datetime) -> str:
    """A JWT by which the App shows who it is."""
    claims = {
        "iat": int((now - SLACK).timestamp()),
        "exp": int((now + LIFE).timestamp()),
        "iss": settings["app_id"],
    }
    said = b".".join(map(_base64, ({"alg": "RS256", "typ": "JWT"}, claims)))
    signature = load_key(settings["private_key"]).sign(said, padding.PKCS1v15(), SHA256())
    return f"{said.decode()}.{_url_safe(signature).decode()}"


def _given(settings: Mapping[str, Any]) -> Asking[str]:
    """Ask for a token of the installation, and remember it."""
    try:
        jwt = signed(settings, clock.now())
    except (ValueError, KeyError):
        raise Ended(
            Rejected(Cause.BAD_SETTINGS, "The App's private key cannot be read. Save it again.")
        ) from None
    path = f"app/installations/{settings['installation_id']}/access_tokens"
    response = yield request("POST", path, jwt, limit_key(settings))
    if response.status in (401, 404):
        told = "GitHub does not know the App, its key or its installation: save them again."
        raise Ended(Rejected(Cause.NOT_AUTHORISED, told, disable_destination=True))
    if not 200 <= response.status < 300:
        raise Ended(read(response))
    found = object_of(response)
    token, until = found.get("token"), _moment(found.get("expires_at"))
    if not (isinstance(token, str) and _TOKEN.fullmatch(token)):
        raise Ended(strange(response))
    if until:
        _remember(settings, _Kept(token, until))
    return token


def _remembered(settings: Mapping[str, Any]) -> str:
    found = _kept.get(_name(settings))
    return found.token if found and clock.now() + SLACK < found.until else ""


def _remember(settings: Mapping[str, Any], kept: _Kept) -> None:
    name = _name(settings)
    with _lock:
        if name not in _kept and len(_kept) >= MOST_KEPT:
            del _kept[min(_kept, key=lambda one: _kept[one].until)]
        _kept[name] = kept


def _name(settings: Mapping[str, Any]) -> str:
    """A digest of the credentials, so that none is kept, and of where they are good."""
    names = ("app_id", "installation_id", "private_key")
    parts = [conf.get("GITHUB_API_URL"), *(str(settings.get(name, "")) for name in names)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _base64(value: object) -> bytes:
    return _url_safe(json.dumps(value, separators=(",", ":")).encode())


def _url_safe(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
