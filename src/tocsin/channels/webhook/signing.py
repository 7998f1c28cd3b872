"""Standard Webhooks: how a body is signed, and what a secret looks like. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES, MADE_BYTES = 24, 64, 32


def make_secret() -> str:
    """A new random secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(MADE_BYTES)).decode("ascii")


def key_of(secret: str) -> bytes:
    """The key in a secret `whsec_<base64>`. Raises ValueError, which does not repeat the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"must be whsec_ followed by {LEAST_BYTES} to {MOST_BYTES} random bytes in base64")
    return key


def signed_headers(key: str, timestamp: int, body: bytes, secret_keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers. One signature per key: while a secret is being replaced, both keys sign."""
    signed = f"{key}.{timestamp}.".encode() + body
    signatures = " ".join(
        "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode("ascii")
        for secret in secret_keys
    )
    return {"webhook-id": key, "webhook-timestamp": str(timestamp), "webhook-signature": signatures}
