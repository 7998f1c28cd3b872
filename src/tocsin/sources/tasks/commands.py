"""Management commands as tasks: those that the settings name are reported, however they were started."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import wraps
from typing import Any

from django.core.management.base import BaseCommand

from tocsin import conf
from tocsin.sources.tasks.task import task

NEVER = frozenset(
    {"runserver", "runserver_plus", "shell", "shell_plus", "dbshell", "test", "testserver", "tocsin"}
)
"""Those that go on, that somebody sits before, or that are ours."""


def install() -> None:
    """From now on, report the commands that match `TASKS_OF_COMMANDS`."""
    if getattr(BaseCommand.execute, "tocsin", False):
        return
    plain = BaseCommand.execute

    @wraps(plain)
    def execute(self: BaseCommand, *args: Any, **options: Any) -> Any:
        name = type(self).__module__.rpartition(".")[2]
        if not is_wanted(name):
            return plain(self, *args, **options)
        with task(f"manage.py {name}"):
            return plain(self, *args, **options)

    execute.tocsin = True  # type: ignore[attr-defined]
    BaseCommand.execute = execute  # type: ignore[method-assign]


def is_wanted(name: str) -> bool:
    """Whether the settings name a command."""
    return name not in NEVER and any(fnmatchcase(name, glob) for glob in conf.get("TASKS_OF_COMMANDS"))
