"""How much a template may do: every node, loop round and filter is charged, and once it is spent nothing goes on."""

from __future__ import annotations

import time
from contextvars import ContextVar

WORK = 500_000
"""Units: `STEP` for each node and round of a loop, one for each character that is made or looked at."""
STEP = 5
SECONDS = 0.5
"""A guard on top of it, in case that something costs more than its units say."""
MOST_BYTES = 65_536
"""Of a title or a body, in UTF-8."""


class Spent(Exception):
    """The template does more than it may."""


class Budget:
    """What is left for one template. Raises `Spent` again at each charge, as Django's `if` swallows exceptions."""

    def __init__(self) -> None:
        self._left = WORK
        self._ends = time.monotonic() + SECONDS

    def charge(self, units: int) -> None:
        """Take `units` of what is left. Raises `Spent`."""
        self._left -= units
        if self._left < 0:
            raise Spent(f"it does too much: more than {WORK} units of work")
        if time.monotonic() > self._ends:
            self._left = -1
            raise Spent(f"it takes longer than {SECONDS} s")


in_force: ContextVar[Budget] = ContextVar("in_force")
"""Of the template that is being rendered: filters are given their values only."""


def charge(units: int) -> None:
    """Charge the template that is being rendered. Raises `Spent`."""
    in_force.get().charge(units)
