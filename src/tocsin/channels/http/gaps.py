"""Requests of one account that lie apart because the far side asks for it: when the next may go, in this process.

Pure but for the table, which is bounded. All times are seconds of the monotonic clock.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.channels.http.exchange import Request

MOST_KEPT = 4096


class Gaps:
    """When each account may be asked for the next change."""

    def __init__(self, limit: int = MOST_KEPT) -> None:
        self._free_at: dict[tuple[str, str], float] = {}
        self._limit = limit
        self._lock = threading.Lock()

    def wait(self, origin: str, request: Request, now: float) -> float:
        """Seconds until this request may go. 0.0: it goes now, and whoever asks next waits for its gap."""
        with self._lock:
            left = self._free_at.get((origin, request.limit_key), now) - now
            if left <= 0:
                self._keep((origin, request.limit_key), now + request.gap)
            return max(left, 0.0)

    def ended(self, origin: str, request: Request, now: float) -> None:
        """The request has ended: its gap begins anew."""
        with self._lock:
            self._keep((origin, request.limit_key), now + request.gap)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._free_at.clear()

    def _keep(self, key: tuple[str, str], free_at: float) -> None:
        if key not in self._free_at and len(self._free_at) >= self._limit:
            del self._free_at[next(iter(self._free_at))]
        self._free_at[key] = free_at

    def __len__(self) -> int:
        return len(self._free_at)
