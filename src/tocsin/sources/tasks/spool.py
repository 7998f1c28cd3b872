"""Reports that could not be stored wait in files, each private, whole and on the disk, and are sent later."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.sources.tasks.report import of_text, store

if TYPE_CHECKING:
    from tocsin.sources.tasks.report import Report

logger = logging.getLogger("tocsin.tasks")

FOLDER = "spool"
SUFFIX, UNREADABLE = ".report", ".unreadable"
MOST_AT_ONCE = 100
LOOK_SECONDS = 10.0

_looked_at = 0.0


def folder() -> Path:
    """Where they wait: below HOME of the settings, else `TOCSIN_HOME`, else ./tocsin-data. Needs no Django."""
    return Path(_home() or "tocsin-data").expanduser().absolute() / FOLDER


def _home() -> str:
    from tocsin import conf

    try:
        home = str(conf.get("HOME"))
    except Exception:  # settings that cannot be loaded, whatever is wrong with them
        home = ""
    return home or os.environ.get("TOCSIN_HOME", "")


def keep(report: Report) -> Path:
    """Put a report into a file. Raises OSError."""
    place = folder()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / f"{report.id}{SUFFIX}"
    draft = place / f".{report.id}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(report.as_text())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def waiting() -> list[Path]:
    """The reports that wait, the oldest first."""
    try:
        return sorted(path for path in folder().iterdir() if path.suffix == SUFFIX)
    except OSError:
        return []


def send_waiting() -> int:
    """Store what waits. Returns how many that were. Raises what the database raises: then the rest waits on.

    A file that is no report, and a report that is refused, is put aside under another name and told in the log.
    """
    from django.db import DatabaseError

    sent = 0
    for path in waiting()[:MOST_AT_ONCE]:
        try:
            store(of_text(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            continue  # another process was quicker
        except DatabaseError:
            raise
        except Exception:
            logger.exception("%s is put aside: it cannot be sent", path)
            path.rename(path.with_suffix(UNREADABLE))
            continue
        path.unlink(missing_ok=True)
        sent += 1
    return sent


def look() -> None:
    """Store what waits, if nobody here looked within the last LOOK_SECONDS."""
    global _looked_at
    now = time.monotonic()
    if _looked_at and now - _looked_at < LOOK_SECONDS:
        return
    _looked_at = now
    if waiting():
        send_waiting()
