"""Tasks of Celery and of Django's own framework: told by their signals, where the settings name them."""

from __future__ import annotations

import logging
import socket
import time
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any

from tocsin import conf
from tocsin.events.ids import uuid7
from tocsin.sources.tasks.report import Report
from tocsin.sources.tasks.send import send

logger = logging.getLogger("tocsin.tasks")

MOST_TAIL = 4_096
_began: dict[str, tuple[datetime, float]] = {}
MOST_KNOWN = 10_000
"""Tasks of which the beginning is remembered: one that never ends must not be kept for ever."""


def install() -> None:
    """Connect what is installed. Nothing is imported for a host that names no tasks."""
    if conf.get("TASKS_OF_CELERY"):
        _connect_celery()
    if conf.get("TASKS_OF_DJANGO"):
        _connect_django()


def _connect_celery() -> None:
    try:
        signals: Any = import_module("celery.signals")
    except ImportError:
        logger.warning("TASKS_OF_CELERY is set, and Celery is not installed")
        return
    signals.task_prerun.connect(celery_begins, weak=False, dispatch_uid="tocsin.begins")
    signals.task_postrun.connect(celery_ends, weak=False, dispatch_uid="tocsin.ends")


def _connect_django() -> None:
    for package in ("django.tasks", "django_tasks"):
        try:
            signals: Any = import_module(f"{package}.signals")
        except ImportError:
            continue
        signals.task_finished.connect(django_ends, weak=False, dispatch_uid="tocsin.ends")
        return
    logger.warning("TASKS_OF_DJANGO is set, and there is no django.tasks: it comes with Django 6.0")


def celery_begins(task_id: str = "", **_: Any) -> None:
    """Remember when it began."""
    if len(_began) >= MOST_KNOWN:
        _began.pop(next(iter(_began)), None)
    _began[task_id] = (datetime.now(UTC), time.monotonic())


def celery_ends(task_id: str = "", task: Any = None, state: str = "", retval: Any = None, **_: Any) -> None:
    """Report it, unless it is to be tried again: that is no end."""
    started, began = _began.pop(task_id, (datetime.now(UTC), time.monotonic()))
    if state in ("RETRY", "IGNORED") or not _is_named(task.name, "TASKS_OF_CELERY"):
        return
    problem = "" if state == "SUCCESS" else f"it ended as {state}"
    if problem and isinstance(retval, BaseException):
        problem = f"{type(retval).__name__}: {retval}"
    _send(task.name, started, time.monotonic() - began, problem, "")


def django_ends(task_result: Any = None, **_: Any) -> None:
    """Report a result of django.tasks."""
    name = task_result.task.module_path
    if not _is_named(name, "TASKS_OF_DJANGO"):
        return
    ended = task_result.finished_at or datetime.now(UTC)
    started = task_result.started_at or task_result.enqueued_at or ended
    failed = str(getattr(task_result.status, "name", task_result.status)).upper().startswith("FAIL")
    errors = list(task_result.errors) if failed else []
    problem = errors[-1].exception_class_path.rpartition(".")[2] if errors else "it failed" if failed else ""
    tail = errors[-1].traceback if errors else ""
    _send(name, started, max(0.0, (ended - started) / timedelta(seconds=1)), problem, tail)


def _is_named(name: str, setting: str) -> bool:
    return any(fnmatchcase(name, glob) for glob in conf.get(setting))


def _send(name: str, started: datetime, seconds: float, problem: str, log: str) -> None:
    text = log.encode(errors="backslashreplace")
    report = Report(
        id=str(uuid7()), name=name[:200], host=socket.gethostname(), started_at=started.isoformat(), seconds=seconds,
        problem=" ".join(problem.split())[:200], log=text, log_bytes=len(text),
        tail=text[-MOST_TAIL:].decode(errors="replace"),
    )  # fmt: skip
    send(report)
