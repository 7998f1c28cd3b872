"""Old runs go with their logs; the last of each task stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from tocsin.sources.tasks.models import TaskRun

if TYPE_CHECKING:
    from datetime import datetime

BATCH = 500


def prune_runs(before: datetime) -> int:
    """Delete runs that ended before and are not the last of their task; how many that were."""
    later = TaskRun.objects.filter(task=OuterRef("task"), id__gt=OuterRef("id"))
    old = TaskRun.objects.filter(Exists(later), finished_at__lt=before).order_by("id")
    total = 0
    while keys := list(old.values_list("pk", flat=True)[:BATCH]):
        total += TaskRun.objects.filter(pk__in=keys).delete()[0]
    return total
