"""The keys by which push services know a site (VAPID, RFC 8292): how they are written, made and told apart.

`conf` checks settings with it. It knows no settings and no Django.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

KEY_BYTES = 32
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_KEY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_CONTACT = re.compile(r"mailto:[^@\s<>?]+@[^@\s<>?]+|https://[^\s/@<>]+(?:/[^\s<>]*)?")


def keys_problem(value: Any) -> str:
    """What is wrong with a list of private keys; "" if nothing is. No key is repeated."""
    if not isinstance(value, list | tuple) or not all(isinstance(key, str) for key in value):
        return "must be a list of strings"
    if len(set(value)) < len(value):
        return "has a key twice"
    fine = all(_KEY.fullmatch(key) and 0 < _number(key) < P256_ORDER for key in value)
    return "" if fine else "has a key that is none; make one with `tocsin webpush keys`"


def contact_problem(value: Any) -> str:
    """What is wrong with an address for the operators of push services; "" if nothing is."""
    if not isinstance(value, str):
        return "must be a string"
    fine = not value or _CONTACT.fullmatch(value)
    return "" if fine else "must be mailto: and an address, or an https URL: mailto:ops@example.org"


def new_key() -> str:
    """A fresh private key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _written(number.to_bytes(KEY_BYTES, "big"))


def pairs(private_keys: Iterable[str]) -> dict[str, EllipticCurvePrivateKey]:
    """By its public half each private key, in the order given. Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    made = {}
    for key in private_keys:
        private = ec.derive_private_key(_number(key), ec.SECP256R1())
        point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        made[_written(point)] = private
    return made


def _number(key: str) -> int:
    return int.from_bytes(urlsafe_b64decode(key + "=" * (-len(key) % 4)), "big")


def _written(raw: bytes) -> str:
    """base64url without padding, as browsers and push services write keys."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
