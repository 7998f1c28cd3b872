"""A run's report: judged, kept with its log, and told as one event. It is stored once, however often it is sent."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tocsin.sources.tasks.log import readable
from tocsin.sources.tasks.words import body_of, title_of

if TYPE_CHECKING:
    import uuid

OK, WARNINGS, ERRORS, FAILED = "ok", "warnings", "errors", "failed"
EVENT_TYPE = "task:finished"


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be told of a run. Plain values: it may have to wait in a file."""

    id: str
    name: str
    host: str
    started_at: str
    seconds: float
    command: str = ""
    exit_code: int | None = None
    problem: str = ""
    """Why it failed; empty where it ended as it should."""
    errors: int = 0
    warnings: int = 0
    log: bytes = b""
    log_bytes: int = 0
    tail: str = ""
    organization: str = ""
    to: tuple[str, ...] = ()
    every_seconds: int | None = None
    grace_seconds: int | None = None

    @property
    def status(self) -> str:
        """The gravest of what happened."""
        if self.problem:
            return FAILED
        return ERRORS if self.errors else WARNINGS if self.warnings else OK

    @property
    def finished_at(self) -> datetime:
        return datetime.fromisoformat(self.started_at) + timedelta(seconds=self.seconds)

    def as_text(self) -> str:
        """For a file."""
        return json.dumps(asdict(self) | {"log": base64.b64encode(self.log).decode()})


def of_text(text: str) -> Report:
    """A report that was kept in a file. Raises ValueError, TypeError or KeyError for what is none."""
    given = json.loads(text)
    given["log"] = base64.b64decode(given["log"])
    given["to"] = tuple(given["to"])
    return Report(**given)


def store(report: Report) -> uuid.UUID:
    """Keep a run and tell of it, in one transaction. Returns the event's key. Raises `InvalidInput`, and what the
    database raises."""
    from django.db import transaction

    from tocsin import pipeline
    from tocsin.sources.tasks.expected import note_run
    from tocsin.sources.tasks.models import TaskRun
    from tocsin.tenants.organizations import organization_id

    with transaction.atomic():
        organization = organization_id(report.organization)
        known = TaskRun.objects.filter(pk=report.id).first()
        if known is not None and known.event_id is not None:
            return known.event_id  # type: ignore[no-any-return]
        task = note_run(organization, report)
        accepted = pipeline.notify(EVENT_TYPE, **_event(report))
        TaskRun.objects.create(
            pk=report.id, organization_id=organization, task=task, event_id=accepted.id, host=report.host[:200],
            command=report.command[:200], status=report.status, problem=report.problem[:500],
            exit_code=report.exit_code, errors=report.errors, warnings=report.warnings,
            started_at=report.started_at, finished_at=report.finished_at, log=zlib.compress(report.log),
            log_bytes=report.log_bytes,
        )  # fmt: skip
    return accepted.id


def _event(report: Report) -> dict[str, Any]:
    from tocsin.sources.tasks.links import run_url

    return {
        "title": title_of(report),
        "body": body_of(report),
        "level": report.status,
        "to": list(report.to),
        "organization": report.organization,
        "url": run_url(report.id),
        "group_key": f"task:{report.name}"[:200],
        "status": "resolved" if report.status == OK else "open",
        "about": f"task/{report.name}"[:200],
        "dedupe_key": f"task-run:{report.id}",
        "data": {
            "task": report.name,
            "status": report.status,
            "run": report.id,
            "host": report.host,
            "command": report.command,
            "exit_code": report.exit_code,
            "problem": report.problem,
            "errors": report.errors,
            "warnings": report.warnings,
            "seconds": round(report.seconds, 3),
        },
    }


def log_of(packed: bytes) -> str:
    """What is kept of a log, as text that may be shown."""
    return readable(zlib.decompress(bytes(packed)))
