"""What the rig's events are made of: types, audiences and checks, some of them traps."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

import tocsin
from tocsin.recipients.audiences import audience

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tocsin.events.models import Event

AT_GATE = "at-gate"

tocsin.event_type("rig:signal", label="Signal", channels=["webhook", "journal"])
tocsin.event_type("rig:both", label="Both", channels=["journal", "other"])
tocsin.event_type("rig:mass", label="Everyone is told", channels=["message", "email"])


def _users() -> QuerySet[Any]:
    return get_user_model()._default_manager.values("pk")


@audience("trap")
def _trap(value: str, organization: int) -> QuerySet[Any]:
    os._exit(9)


@audience("broken")
def _broken(value: str, organization: int) -> QuerySet[Any]:
    raise LookupError(f"the directory has no {value}")


@audience("gate")
def _gate(value: str, organization: int) -> QuerySet[Any]:
    """Everyone; but the first planner waits: "after" its first chunk's commit, or "within" the transaction."""
    if not (settings.FOLDER / AT_GATE).exists():
        if value == "after":
            transaction.on_commit(wait_at_gate)
        else:
            wait_at_gate()
    return _users()


def wait_at_gate(seconds: float = 30.0) -> None:
    """Say that someone is here, and wait for the file that opens the gate."""
    (settings.FOLDER / AT_GATE).touch()
    deadline = time.monotonic() + seconds
    while not (settings.FOLDER / "gate-open").exists() and time.monotonic() < deadline:
        time.sleep(0.01)


@tocsin.check("trap")
def _trapped(event: Event) -> bool:
    os._exit(9)
