"""What is looked for again and again: what the pipeline sweeps, tasks that did not run, reports that wait."""

from __future__ import annotations

from tocsin import pipeline
from tocsin.sources.tasks import expected, spool


def sweep() -> set[str]:
    """See `pipeline.sweep`."""
    found = pipeline.sweep()
    expected.tell_missed()
    spool.look()
    return found
