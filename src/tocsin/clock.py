"""The one clock. Python asks `now()`, SQL is given `now_sql()`; tests freeze both, simulation supposes a moment."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import DateTimeField, Expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

_frozen: datetime | None = None
_supposed: ContextVar[datetime | None] = ContextVar("tocsin_supposed", default=None)


def now() -> datetime:
    """This machine's time, aware, in UTC."""
    return _supposed.get() or _frozen or datetime.now(UTC)


def now_sql(connection: BaseDatabaseWrapper, offset: float = 0.0) -> str:
    """SQL for the database's time plus `offset` seconds; a literal while the clock is frozen.

    Leases and due dates are compared with this one expression, so that workers whose clocks differ agree.
    Percent signs are doubled: execute it with parameters, if only with an empty list.
    """
    stopped = _supposed.get() or _frozen
    if stopped is not None:
        return _literal(connection, stopped + timedelta(seconds=offset))
    if connection.vendor == "postgresql":
        return (
            f"(statement_timestamp() + interval '{offset:.3f} seconds')"
            if offset
            else "statement_timestamp()"
        )
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '{offset:+.3f} seconds')"


class DatabaseNow(Expression):
    """`now_sql` for querysets."""

    def __init__(self, offset: float = 0.0) -> None:
        super().__init__(output_field=DateTimeField())
        self.offset = offset

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        return now_sql(connection, self.offset), ()


def _literal(connection: BaseDatabaseWrapper, moment: datetime) -> str:
    if connection.vendor == "postgresql":
        return f"'{moment.isoformat()}'::timestamptz"
    return f"'{moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}'"


@contextlib.contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Stop the clock at `moment` (aware) in this process. For tests; see `tocsin.testing`."""
    global _frozen
    if moment.tzinfo is None:
        raise ValueError("moment must be aware: add a time zone.")
    before, _frozen = _frozen, moment
    try:
        yield
    finally:
        _frozen = before


@contextlib.contextmanager
def supposing(moment: datetime) -> Iterator[None]:
    """Let it be `moment` (aware) in this thread alone: to see what would be done then, not to do it."""
    token = _supposed.set(moment)
    try:
        yield
    finally:
        _supposed.reset(token)
