"""Reports: what a handler is given, and what a task that ended hands over. Served as `taskmanager.models`."""

from __future__ import annotations

import logging
import socket
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin import clock
from tocsin.adapters.taskmanager.levels import result_of
from tocsin.sources.tasks.log import Log

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.channels.base import EventView

__all__ = ["Report", "Task"]

logger = logging.getLogger("tocsin.adapters")

SPACE = uuid.UUID("6e0f3a5e-6c33-4a1c-9f57-2f7a5c1e8b10")
CHUNK = 65_536


@dataclass
class Task:
    """What ran."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass
class Report:
    """How a task ended. The fields have the names and meanings that they have in the taskmanager."""

    RESULT_NO = ""
    RESULT_OK = "ok"
    RESULT_FAILED = "failed"
    RESULT_ERRORS = "errors"
    RESULT_WARNINGS = "warnings"

    task: Task
    invocation_result: str = ""
    invocation_datetime: datetime = field(default_factory=clock.now)
    log: str = ""
    logfile: str = ""
    n_log_lines: int | None = None
    n_log_errors: int | None = None
    n_log_warnings: int | None = None
    id: Any = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def pk(self) -> Any:
        return self.id

    def emit_notifications(self) -> None:
        """Tell all handlers whose level is reached, and whomever rules name besides. Once for each report."""
        emit_notifications(self)


def emit_notifications(report: Any) -> None:
    """Tell of any object that has a report's fields, the taskmanager's own model too. A second call tells nobody.

    Raises `InvalidInput` for a result that there is not. Where the database is away, the report waits in a file.
    """
    from tocsin.sources.tasks.send import send

    if report.invocation_result:
        send(_told(report, result_of(report.invocation_result)))


def report_of(event: EventView) -> Report:
    """The report that an event tells of."""
    from tocsin.sources.tasks.models import TaskRun
    from tocsin.sources.tasks.report import log_of

    data = event.data
    run = TaskRun.objects.filter(pk=data.get("run")).first()
    log = log_of(run.log) if run else ""
    return Report(
        Task(str(data.get("task", ""))),
        str(data.get("status", "")),
        run.started_at if run else event.created_at,
        log,
        n_log_lines=len(log.splitlines()),
        n_log_errors=data.get("errors"),
        n_log_warnings=data.get("warnings"),
        id=data.get("run"),
    )


def _told(report: Any, result: str) -> Any:
    from tocsin.sources.tasks import report as runs

    log = _log_of(report)
    now = clock.now()
    errors, warnings = report.n_log_errors or 0, report.n_log_warnings or 0
    return runs.Report(
        id=str(uuid.uuid5(SPACE, f"{type(report).__name__}:{report.pk}")),
        name=str(report.task.name),
        host=socket.gethostname(),
        started_at=report.invocation_datetime.isoformat(),
        seconds=max(0.0, (now - report.invocation_datetime).total_seconds()),
        problem="it failed" if result == runs.FAILED else "",
        errors=max(errors, 1) if result == runs.ERRORS else errors if result == runs.FAILED else 0,
        warnings=max(warnings, 1) if result == runs.WARNINGS else warnings if result != runs.OK else 0,
        log=log.kept(),
        log_bytes=log.size,
        tail=log.tail(),
    )


def _log_of(report: Any) -> Log:
    """The log's file where there is one, else what the report holds of it."""
    kept = Log()
    if report.logfile:
        try:
            with open(report.logfile, "rb") as file:
                while chunk := file.read(CHUNK):
                    kept.feed(chunk)
            return kept
        except OSError as error:
            logger.warning("the log of %s cannot be read: %s", report.task.name, error)
    kept.feed((report.log or "").encode(errors="replace"))
    return kept
