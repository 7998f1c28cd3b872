"""Proof of ownership: a code that is sent to a destination and must come back, where the operator asks for it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from tocsin import clock, conf
from tocsin.errors import Conflict, TooSoon, invalid
from tocsin.recipients.models import Destination

if TYPE_CHECKING:
    from datetime import datetime

DIGITS = 6
VALID_SECONDS = 900
PAUSE_SECONDS = 60
"""Between two codes to the same destination."""
MOST_TRIES = 5
"""With six digits, one guess in 200,000 at most."""


def is_asked(channel: str) -> bool:
    """Whether destinations on this channel are used only once they are confirmed."""
    return channel in conf.get("VERIFY_DESTINATIONS")


def is_missing(channel: str, verified_at: datetime | None) -> bool:
    """Whether a destination still has to be confirmed."""
    return verified_at is None and is_asked(channel)


def begin(destination: Destination) -> str:
    """A new code for a destination, to be sent to it; the one before is void.

    Raises `Conflict` where nothing is to be confirmed, and `TooSoon` within a minute of the last code.
    """
    if destination.managed or destination.verified_at is not None:
        raise Conflict("This destination needs no confirmation.")
    now = clock.now()
    until = now + timedelta(seconds=VALID_SECONDS)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    digest = _digest(destination, code)
    rows = Destination.objects.filter(pk=destination.pk)
    fresh = rows.exclude(code_until__gt=until - timedelta(seconds=PAUSE_SECONDS))
    if not fresh.update(code=digest, code_until=until, code_tries=0):
        last = rows.values_list("code_until", flat=True).first() or now
        left = last - timedelta(seconds=VALID_SECONDS - PAUSE_SECONDS) - now
        raise TooSoon("A code was sent a moment ago.", max(1.0, left.total_seconds()))
    destination.code, destination.code_until, destination.code_tries = digest, until, 0
    return code


def confirm(destination: Destination, given: object) -> None:
    """Take `given` as the code. Raises `InvalidInput` if it is not, is too old, or was guessed too often."""
    if not isinstance(given, str):
        raise invalid("code", "must be a string.", f"Give the {DIGITS} digits that were sent.")
    now = clock.now()
    open_ones = Destination.objects.filter(pk=destination.pk, code_until__gt=now, code_tries__lt=MOST_TRIES)
    if not open_ones.exclude(code="").update(code_tries=F("code_tries") + 1):
        raise invalid("code", "is not asked for any more.", "Have a new one sent.")
    if not constant_time_compare(destination.code, _digest(destination, given.strip())):
        raise invalid("code", "is another one.", "Look at the last message that was sent there.")
    same = Destination.objects.filter(pk=destination.pk, identity=destination.identity)
    if not same.update(verified_at=now, code="", code_until=None):
        raise invalid("code", "is for an address that has been changed since.", "Have a new one sent.")
    destination.verified_at, destination.code, destination.code_until = now, "", None


def _digest(destination: Destination, code: str) -> str:
    """Bound to the address: a code does not confirm what the destination was changed into since."""
    value = f"{destination.pk}:{destination.identity}:{code}"
    return salted_hmac("tocsin.proof", value, algorithm="sha256").hexdigest()
