"""How much a budget lets through, and when the rest comes up again: buckets that refill. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LONGEST = 600.0
"""Seconds after which whoever waits is looked at again, however long the line is: the budget may be another then."""
CLOSE = 1e-6
"""What is missing to a whole token because numbers are not exact."""


class Allowance(NamedTuple):
    """A budget as the operator set it. None is no limit."""

    per_second: float | None = None
    burst: float = math.inf
    at_once: int | None = None

    @property
    def pace(self) -> float:
        """How many a second may be expected to go; of what is limited by number alone, one a second and place."""
        return self.per_second or float(self.at_once or 1)

    def left_of(self, in_hand: int) -> float:
        """The places that are free while so many are in hand."""
        return math.inf if self.at_once is None else max(0, self.at_once - in_hand)


def allowance_of(given: Mapping[str, float]) -> Allowance:
    """One value of `TOCSIN["BUDGETS"]`. The burst is one second's worth where it is not given, and at least 1."""
    rate, at_once = given.get("per_second"), given.get("at_once")
    burst = math.inf if rate is None else float(given.get("burst", max(1.0, rate)))
    return Allowance(rate, burst, None if at_once is None else int(at_once))


class Claimant(NamedTuple):
    """A delivery that asks for a token."""

    id: int
    organization: int
    priority: int
    waited: bool
    """Whether it stood in line before."""

    @property
    def line(self) -> str:
        return f"{self.organization}:{self.priority}"


@dataclass(slots=True)
class Bucket:
    """What is left of a budget at a moment, and where the lines of those who wait end, in seconds from then."""

    allowance: Allowance
    tokens: float
    line: dict[str, float] = field(default_factory=dict)

    def refill(self, seconds: float) -> None:
        """Let time pass; none, where the clock seems to go back."""
        seconds = max(0.0, seconds)
        self.tokens = min(self.allowance.burst, self.tokens + seconds * (self.allowance.per_second or 0.0))
        self.line = {key: end - seconds for key, end in self.line.items() if end > seconds}

    def whole(self) -> float:
        """The tokens that can be taken now."""
        if self.allowance.per_second is None:
            return math.inf
        return max(0, math.floor(self.tokens + CLOSE))

    def take(self, number: int) -> None:
        if self.allowance.per_second is not None:
            self.tokens -= number

    def seat(
        self, claimants: Iterable[Claimant], places: float, chance: Callable[[], float]
    ) -> dict[int, float]:
        """Who has to wait, and how many seconds. The others have taken their tokens.

        Each organization and priority has a line of its own, so that neither a grave message nor another
        organization's single one waits behind ten thousand. Whoever comes to a line stands at its end, unless the
        bucket is full: then the line is only a memory. Whoever has waited and finds no token again, for graver ones
        were quicker, is put anywhere in the line: at its head all of them would ask again and again.
        """
        room = min(self.whole(), places)
        is_full = self.allowance.per_second is None or self.tokens + CLOSE >= self.allowance.burst
        waits: dict[int, float] = {}
        for one in claimants:
            if room >= 1 and (one.waited or is_full or one.line not in self.line):
                room -= 1
                self.take(1)
            else:
                waits[one.id] = self._stand(one, chance)
        return waits

    def _stand(self, one: Claimant, chance: Callable[[], float]) -> float:
        """Seconds until there should be a token for it; the lines of its priority take turns."""
        graver = [end for key, end in self.line.items() if _priority(key) < one.priority]
        turns = {key for key in self.line if _priority(key) == one.priority} | {one.line}
        step = len(turns) / self.allowance.pace
        end = max(self.line.get(one.line, 0.0), max(graver, default=0.0)) + step
        self.line[one.line] = min(end, LONGEST)
        if end > LONGEST:
            return LONGEST * (1 + chance()) / 2
        return max(step, end * chance()) if one.waited else end


def _priority(line: str) -> int:
    return int(line.rpartition(":")[2])
