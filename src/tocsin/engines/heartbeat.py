"""Which processes do the work: each writes its row every few seconds and takes it away at the end."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache
from typing import TYPE_CHECKING

from tocsin import clock, conf
from tocsin.deliveries import foreign
from tocsin.engines.models import Worker

if TYPE_CHECKING:
    from django.db.models import QuerySet

BEAT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""A worker that was not heard of for so long counts as dead."""


@cache
def _name(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{uuid.uuid4().hex[:8]}"


def beat(engine: str) -> None:
    """Say that this process lives, and drop the rows of those that have long been silent."""
    now = clock.DatabaseNow()
    lost = ", ".join(sorted(foreign.given_up()))
    note = f"gave up on {lost}: its code hangs"[:200] if lost else ""
    # One statement: a SELECT first would fail on SQLite where another process writes between the two.
    Worker.objects.bulk_create(
        [Worker(name=_name(os.getpid()), engine=engine, started_at=now, beat_at=now, note=note)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["beat_at", "note"],
    )
    Worker.objects.filter(beat_at__lt=clock.DatabaseNow(-20 * SILENT_SECONDS)).delete()


def leave() -> None:
    """Take this process's row away."""
    Worker.objects.filter(name=_name(os.getpid())).delete()


def live_workers() -> QuerySet[Worker]:
    """The processes heard of lately."""
    return Worker.objects.filter(beat_at__gt=clock.DatabaseNow(-SILENT_SECONDS)).order_by("started_at")


def is_served() -> bool:
    """Whether accepted work is done by someone: by this very process, or by a live worker."""
    return conf.get("ENGINE") == "inline" or live_workers().exists()
