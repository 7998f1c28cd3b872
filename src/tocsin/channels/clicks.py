"""The proof that a message was shown: what shows it gives it back when its reader clicks, signed in or not."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer

_SIGNER = "tocsin.click"


def proof_of(delivery_id: int) -> str:
    """What nobody can guess of a delivery: digits, a colon and 43 characters of base64url."""
    return Signer(salt=_SIGNER).sign(str(delivery_id))


def delivery_of(proof: str) -> int | None:
    """The delivery that a proof is of; None for one that we did not sign."""
    try:
        return int(Signer(salt=_SIGNER).unsign(proof))
    except BadSignature:
        return None
