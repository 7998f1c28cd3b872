"""Tasks that should run again and again: when each is expected, and that one did not come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connections, router, transaction
from django.utils.translation import gettext as _

from tocsin import clock, pipeline
from tocsin.sources.tasks.models import Task
from tocsin.sources.tasks.words import duration

if TYPE_CHECKING:
    from tocsin.sources.tasks.report import Report

EVENT_TYPE = "task:missed"
BATCH = 100


def note_run(organization: int, report: Report) -> Task:
    """Write down that a task has run, and when it is expected again. What nobody says stays as it was."""
    task, _made = Task.objects.select_for_update().get_or_create(
        organization_id=organization, name=report.name[:200]
    )
    if report.every_seconds is not None:
        task.every_seconds, task.grace_seconds = report.every_seconds or None, report.grace_seconds or 0
    if task.last_finished_at is None or report.finished_at >= task.last_finished_at:
        task.last_status, task.last_finished_at, task.missed_at = report.status, report.finished_at, None
        task.expected_by = None
        if task.every_seconds:
            task.expected_by = report.finished_at + timedelta(seconds=task.every_seconds + task.grace_seconds)
    task.save()
    return task  # type: ignore[no-any-return]


def tell_missed() -> int:
    """Tell of each task that should have run and did not, once until it runs again. Returns how many those are."""
    alias = router.db_for_write(Task)
    late = Task.objects.filter(expected_by__lte=clock.DatabaseNow())
    if not late.exists():
        return 0
    skip = connections[alias].features.has_select_for_update_skip_locked
    with transaction.atomic(using=alias):
        held = late.select_for_update(skip_locked=skip, of=("self",)).select_related("organization")
        rows = list(held.order_by("expected_by")[:BATCH])
        for task in rows:
            _tell(task)
            task.missed_at, task.expected_by = task.expected_by, None
            task.save(update_fields=["missed_at", "expected_by"])
    return len(rows)


def _tell(task: Task) -> None:
    last = task.last_finished_at
    words = {
        "name": task.name,
        "every": duration(task.every_seconds or 0),
        "last": f"{last:%Y-%m-%d %H:%M}" if last else "",
    }
    pipeline.notify(
        EVENT_TYPE,
        title=(_("%(name)s did not run") % words)[:300],
        body=_("It should run every %(every)s. It last ended at %(last)s UTC.") % words,
        organization=task.organization.slug,
        group_key=f"task:{task.name}"[:200],
        about=f"task/{task.name}"[:200],
        data={"task": task.name, "every_seconds": task.every_seconds, "last_status": task.last_status},
    )
