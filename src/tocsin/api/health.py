"""`/healthz`: the process answers. `/readyz`: what it needs is there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connections, router
from django.db.migrations.recorder import MigrationRecorder
from django.views.decorators.http import require_safe

from tocsin.api import answers
from tocsin.engines import heartbeat
from tocsin.events.models import Event

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

OK = "ok"


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; asks nothing of the database."""
    return answers.respond({"status": OK})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where the database is reachable and migrated and somebody does the work; else 503, and what is missing."""
    found = findings()
    ready = all(words == OK for words in found.values())
    answer = answers.value({"status": OK if ready else "not ready", **found}, 200 if ready else 503)
    response = answer.as_response()
    if not ready:
        response["Retry-After"] = str(answers.RETRY_SECONDS)
    return response


def findings() -> dict[str, str]:
    """For each thing that is needed: "ok", or what is wrong with it."""
    try:
        missing = _unapplied()
        served = not missing and heartbeat.is_served()
    except (DatabaseError, InterfaceError):
        return {"database": "cannot be reached", "migrations": "not known", "worker": "not known"}
    return {
        "database": OK,
        "migrations": f"{len(missing)} not applied: run migrate" if missing else OK,
        "worker": OK if served else "nobody does the work: start `tocsin worker`",
    }


def _unapplied() -> set[str]:
    recorder = MigrationRecorder(connections[router.db_for_write(Event)])
    return set(_shipped()) - {name for app, name in recorder.applied_migrations() if app == "tocsin"}


@cache
def _shipped() -> tuple[str, ...]:
    folder = Path(__file__).parent.parent / "migrations"
    return tuple(path.stem for path in folder.glob("[0-9]*.py"))
