"""Ids: UUIDv7 (RFC 9562) of events, made in Python so that they are known before the insert; and rows' numbers."""

from __future__ import annotations

import os
import threading
import time
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_lock = threading.Lock()
_last = 0


def uuid7() -> uuid.UUID:
    """A new UUIDv7; in one process each is greater than the one before."""
    global _last
    nanoseconds = time.time_ns()
    # 48 bits of milliseconds, then 12 bits of the fraction of that millisecond (RFC 9562, method 3).
    stamp = (nanoseconds // 1_000_000 << 12) | (nanoseconds % 1_000_000 * 4096 // 1_000_000)
    with _lock:
        _last = stamp = max(stamp, _last + 1)
    tail = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    return uuid.UUID(int=(stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | tail)


def number_of(text: str) -> int | None:
    """The number of a row as people write it; None for what cannot be one: other digits than 0 to 9, or too many."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def first_at(moment: datetime) -> uuid.UUID:
    """The least id that is made at `moment` (aware) or later: what is accepted before has a lesser one."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return uuid.UUID(int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80)
