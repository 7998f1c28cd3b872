"""`TOCSIN_DATABASE_URL` as Django's DATABASES entry. Pure; no message repeats a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tocsin.errors import invalid

if TYPE_CHECKING:
    from pathlib import Path

FIELD = "TOCSIN_DATABASE_URL"
FILE = "tocsin.sqlite3"
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: with NORMAL a power cut may take commits that were already acknowledged.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
KEEP_SECONDS = 60
# Without them a worker waits a quarter of an hour, or for ever, for a machine that has gone without a word.
SILENCE_OPTIONS = {
    "connect_timeout": "10",
    "tcp_user_timeout": "20000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}
REMEDY = "Write sqlite:////absolute/path.sqlite3 or postgresql://user:password@host:5432/name."


def database(url: str, home: Path) -> dict[str, Any]:
    """The entry that `url` means; an SQLite file in the home for the empty one. Raises `InvalidInput`."""
    if not url:
        return _sqlite(str(home / FILE))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise invalid(FIELD, "is no URL.", REMEDY) from None
    if parts.scheme == "sqlite":
        return _sqlite_url(parts.netloc, unquote(parts.path), parts.query)
    if parts.scheme not in ("postgresql", "postgres"):
        raise invalid(FIELD, f"{parts.scheme or 'nothing'!r} is no kind of database.", REMEDY)
    options = dict(parse_qsl(parts.query))
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise invalid(FIELD, "names no database.", REMEDY)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": SILENCE_OPTIONS | options,
        "CONN_MAX_AGE": KEEP_SECONDS,
        "CONN_HEALTH_CHECKS": True,
    }


def _sqlite_url(host: str, path: str, query: str) -> dict[str, Any]:
    if host or query:
        raise invalid(FIELD, "has a host or options, which SQLite does not take.", REMEDY)
    name = path.removeprefix("/")
    if not name or name == ":memory:":
        raise invalid(
            FIELD, "names no file; a database in memory would be another one for each thread.", REMEDY
        )
    return _sqlite(name)


def _sqlite(name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "OPTIONS": dict(SQLITE_OPTIONS),
        "CONN_MAX_AGE": KEEP_SECONDS,
    }
