"""Tasks that were reported: how each last ended, what did not run, and one run with all that is kept of its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, OuterRef, Subquery
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tocsin.levels import parse_level
from tocsin.sources.tasks.models import Task, TaskRun
from tocsin.sources.tasks.report import log_of
from tocsin.sources.tasks.words import duration
from tocsin.web.access import for_keepers
from tocsin.web.policy import strict

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope

SHOWN = 200
RUNS = 20


@strict
@for_keepers()
@require_safe
def tasks(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Every task, those that are missing first."""
    last = TaskRun.objects.filter(task=OuterRef("pk")).order_by("-id").values("pk")[:1]
    found = Task.objects.within(scope).select_related("organization").annotate(last_run=Subquery(last))
    listed = list(found.order_by(F("missed_at").asc(nulls_last=True), "name")[: SHOWN + 1])
    context = {
        "tasks": [(one, parse_level(one.last_status or "ok")) for one in listed[:SHOWN]],
        "more": len(listed) > SHOWN,
        "shown": SHOWN,
        "section": "tasks",
    }
    return render(request, "tocsin/tasks.html", context)


@strict
@for_keepers()
@require_safe
def run(request: HttpRequest, scope: Scope, run_id: uuid.UUID) -> HttpResponse:
    """One run: how it ended, and its log."""
    found = TaskRun.objects.within(scope).select_related("task").filter(pk=run_id).first()
    if found is None:
        raise Http404("There is no such run.")
    others = TaskRun.objects.filter(task=found.task_id).defer("log").order_by("-id")[:RUNS]
    context = {
        "run": found,
        "level": parse_level(found.status),
        "took": duration((found.finished_at - found.started_at).total_seconds()),
        "log": log_of(found.log),
        "others": [(other, parse_level(other.status)) for other in others],
        "section": "tasks",
    }
    return render(request, "tocsin/task_run.html", context)
