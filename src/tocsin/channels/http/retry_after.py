"""The far side's wish to be left alone for a while, read with distrust. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 86_400.0
_SECONDS = re.compile(r"[0-9]{1,32}(\.[0-9]{0,32})?", re.ASCII)


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Seconds from a Retry-After header (a number or an HTTP date), at most 24 hours.

    None for what is absent, garbage, negative or in the past: then our own back-off decides.
    """
    value = value.strip()[:64]
    if _SECONDS.fullmatch(value):
        return min(float(value), LONGEST_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    return min(seconds, LONGEST_SECONDS) if seconds > 0 else None
