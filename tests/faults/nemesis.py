"""Picks the faults, from a seed that is printed: FAULTS_SEED=… repeats a run as far as the clock allows."""

from __future__ import annotations

import os
import random
import time


class Nemesis:
    """Whom to hit, and when."""

    def __init__(self, name: str) -> None:
        self.seed = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(10**6))
        self._random = random.Random(f"{name} {self.seed}")
        print(f"{name}: FAULTS_SEED={self.seed}")

    def rest(self, shortest: float, longest: float) -> None:
        """Wait for a time of its choice, in seconds."""
        time.sleep(self._random.uniform(shortest, longest))

    def choose(self, count: int) -> int:
        """An index below `count`."""
        return self._random.randrange(count)

    def number(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)
