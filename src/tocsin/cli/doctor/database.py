"""The database: there, set up so that committed means kept, its tables made, its clock near ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone

from tocsin import clock
from tocsin.cli.doctor.findings import Finding, error, ok, warning
from tocsin.cli.output import program
from tocsin.cli.service import unapplied

if TYPE_CHECKING:
    from collections.abc import Iterator

APART_SECONDS = 2.0


def database() -> Iterator[Finding]:
    """Reachable, durable, and with the tables of this version."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            yield _sqlite(cursor)
        else:
            cursor.execute("SELECT current_setting('server_version'), current_setting('synchronous_commit')")
            version, synchronous = cursor.fetchone()
            if synchronous == "off":
                yield warning(
                    "database",
                    f"PostgreSQL {version}, synchronous_commit is off",
                    "Turn it on: with off, a crash may lose what was acknowledged.",
                )
            else:
                yield ok("database", f"PostgreSQL {version}")
    if missing := unapplied():
        yield error(
            "tables",
            f"{len(missing)} migrations are missing, first {missing[0]}",
            f"Run: {program()} migrate",
        )
    else:
        yield ok("tables", "up to date")


def _sqlite(cursor: object) -> Finding:
    import sqlite3

    from tocsin.checks import SQLITE_OPTIONS

    found = {}
    for pragma in ("journal_mode", "synchronous"):
        found[pragma] = str(cursor.execute(f"PRAGMA {pragma}").fetchone()[0])  # type: ignore[attr-defined]
    name = connection.settings_dict["NAME"]
    said = f"SQLite {sqlite3.sqlite_version}, {name}"
    if found["journal_mode"] != "wal" or found["synchronous"] not in ("2", "3"):
        said += f" ({', '.join(f'{key} {value}' for key, value in found.items())})"
        return error("database", said, f"Put this into DATABASES: {' '.join(SQLITE_OPTIONS.split())}")
    return ok("database", f"{said} (WAL, FULL)")


def clocks() -> Iterator[Finding]:
    """The database's clock decides what is due; ours signs and dates."""
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {clock.now_sql(connection)}", [])
        said = cursor.fetchone()[0]
    theirs = said if isinstance(said, datetime) else timezone.make_aware(datetime.fromisoformat(said), UTC)
    apart = (theirs - before).total_seconds()
    if abs(apart) > APART_SECONDS:
        yield warning(
            "clock",
            f"the database's is {apart:+.1f} s from this machine's",
            "Let both be set by NTP: due times follow the database.",
        )
    else:
        yield ok("clock", "database and machine agree")
