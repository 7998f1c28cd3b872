"""How long is the wait for a host? One line per host, kept between batches, so that a backlog for a slow
host is spread over time. Pure but for the table, which is bounded.
"""

from __future__ import annotations

import threading

HOLD_SECONDS = 0.25
"""A surplus message waits in memory if its turn is expected sooner than this."""
FIRST_SECONDS = 1.0
SPREAD_SECONDS, LONGEST_SPREAD_SECONDS = 60.0, 900.0
"""How far behind the last of a line may be: at first, and when the trouble has lasted for long. See `spread`."""
MAX_HOSTS = 4096
LOOKUPS, MOST_LOOKUPS = "look-ups", 8
"""The line of those who must look up the name of their host first, and how many of them at once: curl has 20 threads
for that, uses two a name, and names about which the resolver is silent would keep them from all others."""


def spread(trouble_seconds: float, least: float) -> float:
    """Over how many seconds, `least` or more, those who wait for a far side come back.

    As long again as the trouble lasts: after a hiccup nobody is late for long, and a crowd that waits for a far side
    that is down for hours comes back once in a quarter of an hour, not every minute.
    """
    return min(max(trouble_seconds, least), LONGEST_SPREAD_SECONDS)


class Line:
    """The queue in front of one host, in monotonic seconds. A lost update between threads is harmless."""

    __slots__ = ("end", "is_found", "latency", "since")

    def __init__(self) -> None:
        self.latency = 0.0
        """How long a request takes, smoothed; 0 while nothing is known."""
        self.end = 0.0
        """When the last message that was sent away shall come back."""
        self.is_found = False
        """Whether the name of the host could be looked up when it was last needed."""
        self.since = 0.0
        """When the line began from which messages are still to come back."""

    def learn(self, seconds: float) -> None:
        """A request took so long."""
        self.latency += (seconds - self.latency) * 0.25 if self.latency else seconds
        if self.latency <= HOLD_SECONDS:
            self.end = 0.0

    def at_least(self, seconds: float) -> None:
        """A request has been under way for so long already."""
        self.latency = max(self.latency, seconds)

    def expected(self, ahead: int, share: int) -> float:
        """Seconds until a message with `ahead` others before it gets one of the host's `share` of slots."""
        return self.latency * (ahead // share + 1)

    def place(self, now: float, share: int) -> float:
        """Seconds after which a surplus message shall come back; each takes the next place in the line."""
        if self.end + SPREAD_SECONDS < now:
            self.since = now
        step, last = max(self.latency, HOLD_SECONDS) / share, now + spread(now - self.since, SPREAD_SECONDS)
        self.end = min(max(self.end + step, now + FIRST_SECONDS), last)
        return self.end - now


class Lines:
    """The lines of all hosts of this process; when there are too many, the oldest is forgotten."""

    def __init__(self, limit: int = MAX_HOSTS) -> None:
        self._lines: dict[str, Line] = {}
        self._limit = limit
        self._lock = threading.Lock()

    def of(self, origin: str) -> Line:
        """The line of `origin`, made when there is none."""
        if line := self._lines.get(origin):
            return line
        with self._lock:
            if len(self._lines) >= self._limit:
                del self._lines[next(iter(self._lines))]
            return self._lines.setdefault(origin, Line())

    def __len__(self) -> int:
        return len(self._lines)
