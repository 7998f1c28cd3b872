"""Counts of an event's deliveries. Those of a large one are kept for a while: the longer it took, the longer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from tocsin.deliveries import story

if TYPE_CHECKING:
    import uuid

    from tocsin.events.models import Event

    Counts = dict[tuple[str, str, str], int]

LARGE = 20_000
"""An event with more deliveries than this is not counted while a page is made, unless it is asked for."""
KEPT = 200
LEAST, TIMES = 5.0, 20.0
"""Counts are kept for that many seconds, and for that many times what it took to count."""


class _Kept(NamedTuple):
    until: float
    counts: Counts


_kept: dict[uuid.UUID, _Kept] = {}


def counts(event: Event, *, asked: bool) -> Counts | None:
    """How many lines there are by (channel, state, reason); None for a large event, unless `asked`."""
    if not story.has_more(event, LARGE):
        return story.counts(event)
    kept = _kept.get(event.pk)
    if kept is not None and kept.until > time.monotonic():
        return kept.counts
    if not asked:
        return None
    began = time.monotonic()
    found = story.counts(event)
    now = time.monotonic()
    while len(_kept) >= KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[event.pk] = _Kept(now + max(LEAST, TIMES * (now - began)), found)
    return found
