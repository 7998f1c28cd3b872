"""Who is left alone for a while: far sides that asked for it, and hosts that failed again and again.

Pure but for the two tables, which are bounded. All times are seconds of the monotonic clock. What workers tell one
another of it goes through `shared.py`.
"""

from __future__ import annotations

import hashlib
import threading
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tocsin.channels.http.lines import spread
from tocsin.channels.outcomes import Cause, Outcome, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.channels.http.exchange import Request

OPENS_AFTER = 5
"""So many failures in a row, and the circuit of a host opens."""
FIRST_SECONDS, LONGEST_SECONDS = 5.0, 60.0
"""How long it stays open: doubled each time the probe fails too."""
WHOLE_HOST = 3
"""Failures of so many addresses of a host speak for all of it; of fewer, for these alone."""
PROBE_SECONDS = 1.0
"""What waits while a probe is under way looks again after this."""
STEP_SECONDS, SPREAD_SECONDS = 0.005, 120.0
"""Who waits comes back one after the other; whoever finds no place left, at the last one. See `lines.spread`."""
LONGEST_PAUSE_SECONDS = 86_400.0
MAX_HOSTS = 4096
SAME_SECONDS = 0.5
"""Two clocks tell of one moment: what differs by less is no news."""

_OF_THE_HOST = frozenset({Cause.REFUSED, Cause.DNS, Cause.TLS})
_FAILURES = _OF_THE_HOST | {Cause.TIMEOUT, Cause.DISCONNECTED, Cause.SERVER_ERROR}


class Change(Enum):
    """What the operator is told of a circuit."""

    OPENED = "opened"
    CLOSED = "closed"


class Told(NamedTuple):
    """What workers tell one another of a far side that rests."""

    origin: str
    account: str
    """Whose limit it is, of a pause."""
    seconds: float
    """How long it rests from now on; below 0 for a circuit that may be probed."""
    backoff: float = 0.0
    """How long the circuit's rest was; 0 for a pause."""
    targets: tuple[str, ...] = ()
    """The addresses that fail, as digests; none where it is the whole host."""


class Pause:
    """The far side asked for quiet until `until`."""

    __slots__ = ("last", "since", "until")

    def __init__(self) -> None:
        self.until = self.last = 0.0
        self.since = 0.0
        """When the first message was told to wait."""

    def place(self, earliest: float, now: float) -> float:
        """Seconds until the next place behind `earliest`; each who asks takes one."""
        self.since = self.since or now
        last = earliest + spread(now - self.since, SPREAD_SECONDS)
        self.last = min(max(self.last + STEP_SECONDS, earliest), last)
        return self.last - now


class Circuit(Pause):
    """What is known of a host that fails: closed while `backoff` is 0, then open until `until`, then half-open."""

    __slots__ = ("backoff", "failures", "heard", "probe_until", "targets", "whole")

    def __init__(self) -> None:
        super().__init__()
        self.failures, self.backoff, self.probe_until = 0, 0.0, 0.0
        self.targets: set[str] = set()
        self.whole = False
        self.heard = False
        """Whether other workers know of it."""

    def wait(self, target: str, now: float, seconds: float, may_probe: Callable[[], bool]) -> float | None:
        """Seconds to wait, or None to go. Who goes while it is half-open is the probe, `seconds` at most."""
        if not self.backoff or not (self.whole or target in self.targets):
            return None
        if now < self.until:
            return self.place(self.until, now)
        if now < self.probe_until:
            return self.place(now + PROBE_SECONDS, now)
        if not may_probe():
            self.probe_until = now + PROBE_SECONDS
            return self.place(self.probe_until, now)
        self.probe_until, self.last = now + seconds, 0.0
        return None

    def fail(self, target: str, cause: Cause, now: float) -> bool:
        """One more failure; True if it opens the circuit that was closed."""
        self.failures += 1
        if len(self.targets) < WHOLE_HOST:
            self.targets.add(target)
        self.whole = self.whole or cause in _OF_THE_HOST or len(self.targets) == WHOLE_HOST
        if self.failures < OPENS_AFTER or now < self.until:
            return False
        opens = not self.backoff
        self.backoff = min(self.backoff * 2 or FIRST_SECONDS, LONGEST_SECONDS)
        self.until, self.probe_until, self.last = now + self.backoff, 0.0, 0.0
        return opens


P = TypeVar("P", bound=Pause)


class Rests:
    """The pauses and circuits of this process. Hosts that are well are in neither table."""

    def __init__(self, limit: int = MAX_HOSTS) -> None:
        self._pauses: dict[tuple[str, str], Pause] = {}
        self._circuits: dict[str, Circuit] = {}
        self._limit = limit
        self._lock = threading.Lock()

    def wait(
        self,
        origin: str,
        request: Request,
        now: float,
        *,
        seconds: float,
        probe: bool = False,
        may_probe: Callable[[], bool] = lambda: True,
    ) -> float | None:
        """Seconds after which to ask again, or None: send it now. It then has `seconds` to end.

        With `probe` an open circuit is passed, a pause that the far side asked for is not. `may_probe` is asked where
        this request would be the one that probes an open circuit.
        """
        key = origin, request.limit_key
        if key not in self._pauses and origin not in self._circuits:
            return None
        with self._lock:
            if pause := self._pauses.get(key):
                if now < pause.until:
                    return pause.place(pause.until, now)
                del self._pauses[key]
            circuit = self._circuits.get(origin)
            if circuit is None or probe:
                return None
            return circuit.wait(_target(request), now, seconds, may_probe)

    def learn(
        self, origin: str, request: Request, outcome: Outcome, now: float, *, status: int = 0
    ) -> Change | None:
        """Remember how a request ended. `status` is that of the answer, 0 if there was none."""
        if not isinstance(outcome, Retry):
            return self._close(origin)
        with self._lock:
            self._rest(origin, request, outcome, now)
            if outcome.cause == Cause.ADDRESS_BLOCKED:
                self._release(origin)
                return None
            if _is_failure(outcome.cause) and not 400 <= status < 500:
                circuit = _entry(self._circuits, origin, Circuit, self._limit)
                opened = circuit.fail(_target(request), outcome.cause, now)
                return Change.OPENED if opened else None
        return self._close(origin)

    def release(self, origin: str) -> None:
        """The request ended without news of the host: if it was the probe, the next may be."""
        if origin in self._circuits:
            with self._lock:
                self._release(origin)

    def told(self, origin: str, request: Request, now: float) -> list[Told]:
        """What others should know after this request: the pause of its account, the circuit of its host."""
        found = []
        if pause := self._pauses.get((origin, request.limit_key)):
            found.append(Told(origin, request.limit_key, pause.until - now))
        circuit = self._circuits.get(origin)
        if circuit is not None and circuit.backoff:
            targets = () if circuit.whole else tuple(sorted(circuit.targets))
            found.append(Told(origin, "", circuit.until - now, circuit.backoff, targets))
        return found

    def heard(self, origin: str) -> None:
        """Other workers know of this circuit: when they close it, it is closed."""
        if circuit := self._circuits.get(origin):
            circuit.heard = True

    def adopt(self, told: Iterable[Told], now: float) -> None:
        """Take over what other workers know; circuits that they knew of, and do not any more, are closed."""
        with self._lock:
            open_ones = set()
            for one in told:
                if one.backoff:
                    open_ones.add(one.origin)
                    self._adopt_circuit(one, now)
                elif one.seconds > 0:
                    pause = _entry(self._pauses, (one.origin, one.account), Pause, self._limit)
                    pause.until = max(pause.until, now + min(one.seconds, LONGEST_PAUSE_SECONDS))
            for origin in [o for o, c in self._circuits.items() if c.heard and o not in open_ones]:
                del self._circuits[origin]

    def _adopt_circuit(self, one: Told, now: float) -> None:
        circuit = _entry(self._circuits, one.origin, Circuit, self._limit)
        circuit.failures = max(circuit.failures, OPENS_AFTER)
        circuit.backoff, circuit.heard = one.backoff, True
        circuit.targets |= set(one.targets)
        circuit.whole = circuit.whole or not one.targets
        if now + one.seconds > circuit.until + SAME_SECONDS:
            circuit.until, circuit.probe_until = now + one.seconds, 0.0

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._pauses.clear()
            self._circuits.clear()

    def __len__(self) -> int:
        return len(self._pauses) + len(self._circuits)

    def _rest(self, origin: str, request: Request, outcome: Retry, now: float) -> None:
        after = outcome.after
        if isinstance(after, int | float) and after > 0:
            pause = _entry(self._pauses, (origin, request.limit_key), Pause, self._limit)
            pause.until = max(pause.until, now + min(after, LONGEST_PAUSE_SECONDS))

    def _close(self, origin: str) -> Change | None:
        if origin not in self._circuits:
            return None
        with self._lock:
            circuit = self._circuits.pop(origin, None)
        return Change.CLOSED if circuit and circuit.backoff else None

    def _release(self, origin: str) -> None:
        if circuit := self._circuits.get(origin):
            circuit.probe_until = 0.0


def _target(request: Request) -> str:
    """Tells addresses of one host apart, to every worker alike. Not the URL itself: a secret, which would be kept."""
    return hashlib.blake2b((request.limit_key or request.url).encode(), digest_size=8).hexdigest()


def _is_failure(cause: object) -> bool:
    """Channels write causes of their own."""
    return isinstance(cause, str) and cause in _FAILURES


K = TypeVar("K")


def _entry(table: dict[K, P], key: K, make: type[P], limit: int) -> P:
    """The entry of `key`, made when there is none; in a full table the one that ends first gives way."""
    if key not in table:
        if len(table) >= limit:
            del table[min(table, key=lambda one: table[one].until)]
        table[key] = make()
    return table[key]
