"""`tocsin.task`: a block or a function of Python that is reported when it ends, like a command that was run."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Self

from tocsin.errors import invalid
from tocsin.events.ids import uuid7
from tocsin.sources.tasks.log import Log
from tocsin.sources.tasks.report import Report
from tocsin.sources.tasks.send import send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

_running: ContextVar[task | None] = ContextVar("tocsin_task", default=None)


class task(ContextDecorator):  # noqa: N801 (a verb: `with tocsin.task("import"):` and `@tocsin.task("import")`)
    """Report what happens within as a finished task: ok, warnings, errors or failed.

    What is logged within at WARNING counts as a warning, at ERROR and above as an error; an exception makes it
    failed and goes on its way. `every` and `grace` (seconds or timedeltas) say how often it should run: where it
    does not, that is told. The report is kept in a file where the database is away; it never raises.
    """

    def __init__(
        self,
        name: str | Callable[..., Any],
        *,
        to: Sequence[str] = (),
        every: timedelta | int | None = None,
        grace: timedelta | int | None = None,
        organization: str = "",
    ) -> None:
        if callable(name):
            raise invalid("name", "is missing.", 'Write @tocsin.task("nightly import").')
        self.name, self.to, self.organization = name, tuple(map(str, to)), organization
        self.every, self.grace = seconds_of("every", every), seconds_of("grace", grace)
        self.log = Log()
        self._started, self._began = "", 0.0
        self._token: Token[task | None] | None = None

    def __call__(self, function: Any) -> Any:
        if iscoroutinefunction(function):
            raise invalid("task", "cannot decorate a coroutine.", "Use `with tocsin.task(…):` within it.")
        return super().__call__(function)

    def _recreate_cm(self) -> Self:
        """Each call of a decorated function is a run of its own."""
        return type(self)(
            self.name, to=self.to, every=self.every, grace=self.grace, organization=self.organization
        )

    def __enter__(self) -> Self:
        self.log = Log()
        self._started, self._began = datetime.now(UTC).isoformat(), time.monotonic()
        self._token = _running.set(self)
        _listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _running.reset(self._token)
        if error is not None:
            self.log.count("".join(traceback.format_exception(kind, error, trace)).rstrip())
        send(self.report(_problem_of(error)))

    def write(self, text: str) -> None:
        """Add a line to the log that is kept."""
        self.log.count(text)

    def warning(self, text: str) -> None:
        """Add a line, and count it as a warning."""
        self.log.count(text, warning=True)

    def error(self, text: str) -> None:
        """Add a line, and count it as an error."""
        self.log.count(text, error=True)

    def report(self, problem: str = "") -> Report:
        """What is to be told of it, as far as it has come."""
        return Report(
            id=str(uuid7()), name=self.name, host=socket.gethostname(), started_at=self._started,
            seconds=time.monotonic() - self._began, problem=problem, errors=self.log.errors,
            warnings=self.log.warnings, log=self.log.kept(), log_bytes=self.log.size, tail=self.log.tail(),
            organization=self.organization, to=self.to, every_seconds=self.every, grace_seconds=self.grace,
        )  # fmt: skip


def seconds_of(name: str, value: timedelta | float | None) -> int | None:
    """Whole seconds. Raises `InvalidInput`."""
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 366 * 86_400:
        raise invalid(name, "must be a time of at most a year.", "Give seconds, or a timedelta.")
    return int(seconds)


def _problem_of(error: BaseException | None) -> str:
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return ""
    said = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


class _Counter(logging.Handler):
    """Hands what is logged to the task in whose context that happens."""

    def emit(self, record: logging.LogRecord) -> None:
        running = _running.get()
        if running is None or record.name.startswith("tocsin."):
            return
        try:
            line = f"{record.levelname} {record.name}: {self.format(record)}"
        except (
            Exception
        ):  # a record that cannot be formatted is the host's own fault, and told by logging itself
            self.handleError(record)
            return
        error = record.levelno >= logging.ERROR
        running.log.count(line, error=error, warning=not error and record.levelno >= logging.WARNING)


_counter = _Counter(logging.NOTSET)


def _listen() -> None:
    root = logging.getLogger()
    if _counter not in root.handlers:
        root.addHandler(_counter)
