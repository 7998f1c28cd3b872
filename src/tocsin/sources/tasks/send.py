"""A report goes into the database, or where that is away into the spool. No task is to fail by it: nothing raises."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tocsin.errors import InvalidInput
from tocsin.sources.tasks import spool
from tocsin.sources.tasks.report import store

if TYPE_CHECKING:
    from tocsin.sources.tasks.report import Report

logger = logging.getLogger("tocsin.tasks")

STORED, SPOOLED, LOST = "stored", "spooled", "lost"


def send(report: Report) -> str:
    """Store a report. Returns what became of it: stored, spooled or lost; all but the first is in the log."""
    try:
        why = _why_not_now(report)
        if not why:
            store(report)
    except InvalidInput as error:
        logger.error("the report of %s is refused: %s", report.name, error)
        return LOST
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    if not why:
        return STORED
    try:
        path = spool.keep(report)
    except OSError as error:
        logger.error("the report of %s is lost: %s, and %s", report.name, why, error)
        return LOST
    logger.warning("the report of %s waits in %s: %s", report.name, path, why)
    return SPOOLED


def _why_not_now(report: Report) -> str:
    """A failure that happens in a transaction is about to roll that back: its report must not be in there."""
    from django.db import connections, router

    from tocsin.sources.tasks.models import TaskRun

    inside = connections[router.db_for_write(TaskRun)].in_atomic_block
    return "it failed within a transaction" if report.problem and inside else ""
