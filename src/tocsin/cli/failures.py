"""What went wrong, in a line for each thing, with the remedy and the exit code. No traceback."""

from __future__ import annotations

import errno
import re
from difflib import get_close_matches
from typing import IO, TYPE_CHECKING, Any

import click

from tocsin.cli.output import program
from tocsin.errors import FieldError, InvalidInput, NotFound, TocsinError

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_SPACE = ("disk is full", "no space left", "could not extend file")
NO_TABLES = re.compile(r"no such (table|column)|has no column|(relation|column) .* does not exist")
BUSY = ("database is locked", "lock timeout", "deadlock")


class Failure(click.ClickException):
    """Ends the command with these lines on stderr, and exit code 1."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines

    def show(self, file: IO[Any] | None = None) -> None:
        for line in self.lines:
            click.echo(f"{click.style('Error:', fg='red')} {line}", file=file, err=True)


class WrongInput(Failure):
    """The same, with exit code 2."""

    exit_code = 2


def no_such_command(given: str, known: Iterable[str], ctx: click.Context) -> click.UsageError:
    """Wrong usage, with the nearest name."""
    close = get_close_matches(given, [name for name in known if name != "reference"], n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return click.UsageError(f"There is no command {given!r}.{hint}", ctx)


def as_click(error: Exception) -> click.ClickException:
    """The failure to show for whatever a command raised."""
    if isinstance(error, InvalidInput):
        return WrongInput(*(_field_line(field) for field in error.errors))
    if isinstance(error, NotFound):
        return WrongInput(str(error) or "There is no such thing.")
    if isinstance(error, TocsinError):
        return Failure(str(error))
    return _of_django(error) or _of_system(error) or _fault(error)


def _field_line(error: FieldError) -> str:
    """With the option in place of the field, where the command has one for it."""
    name, dot, rest = error.field.partition(".")
    current = click.get_current_context(silent=True)
    found = next(
        (p for p in (current.command.params if current else ()) if name in (p.name, *_plain(p))), None
    )
    if not isinstance(found, click.Option):
        return str(error)
    if found.multiple:  # the message repeats the value; nobody counts repeated options
        dot = rest = ""
    return str(FieldError(found.opts[0] + dot + rest, error.message, error.remedy))


def _plain(parameter: click.Parameter) -> list[str]:
    return [option.removeprefix("--").replace("-", "_") for option in parameter.opts]


def _of_django(error: Exception) -> Failure | None:
    from django.core.exceptions import ImproperlyConfigured, ValidationError
    from django.db import DatabaseError, InterfaceError

    if isinstance(error, ImproperlyConfigured):
        return WrongInput(f"settings: {_one_line(error)}")
    if isinstance(error, ValidationError):
        return WrongInput(*error.messages)
    if isinstance(error, DatabaseError | InterfaceError):
        return Failure(_database_line(_one_line(error)))
    return None


def _database_line(said: str) -> str:
    lower = said.lower()
    if any(part in lower for part in NO_SPACE):
        return (
            f"The disk of the database is full ({said}). Free some space; nothing that was accepted is lost."
        )
    if NO_TABLES.search(lower):
        return f"{_where()} has no tables, or those of another version ({said}). Run: {program()} migrate"
    if any(part in lower for part in BUSY):
        return (
            f"{_where()} is busy ({said}). Try again; if it lasts, look for a program that keeps it locked."
        )
    if "readonly" in lower or "read-only" in lower:
        return (
            f"{_where()} cannot be written to ({said}). Check its owner and rights, and those of its folder."
        )
    return f"{_where()} cannot be used ({said}). See that it is there and running; `{program()} doctor` tells more."


def _where() -> str:
    from django.db import connection

    name = connection.settings_dict["NAME"]
    host = connection.settings_dict.get("HOST")
    return f"The database {name}" + (f" on {host}" if host else "")


def _of_system(error: Exception) -> Failure | None:
    if not isinstance(error, OSError):
        return None
    place = f"{error.filename}: " if error.filename else ""
    said = f"{place}{error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure(f"The disk is full ({said}). Free some space and try again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Failure(f"No right to do that ({said}). Check owner and rights, or set TOCSIN_HOME.")
    if error.errno == errno.EADDRINUSE:
        return Failure(f"The port is taken ({said}). Choose another with --port.")
    return Failure(f"{said}.")


def _fault(error: Exception) -> Failure:
    return Failure(
        f"{type(error).__name__}: {_one_line(error)}",
        f"This is a fault in tocsin. `{program()} --traceback …` shows where; please report it.",
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
