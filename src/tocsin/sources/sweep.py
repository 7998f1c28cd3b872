"""What is looked for again and again: what the pipeline sweeps, and what should have come and did not."""

from __future__ import annotations

from tocsin import pipeline
from tocsin.sources import watchdog
from tocsin.sources.tasks import expected, spool


def sweep() -> set[str]:
    """See `pipeline.sweep`."""
    found = pipeline.sweep()
    expected.tell_missed()
    spool.look()
    watchdog.look()
    return found
