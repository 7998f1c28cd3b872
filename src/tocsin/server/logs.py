"""How the standalone server logs: one line per record on stderr, whatever was in the data."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

LONGEST = 4000


class OneLine(logging.Formatter):
    """Escapes control and other unprintable characters, and cuts what is too long.

    A traceback keeps its lines, indented: no line of it can be taken for a record.
    """

    def format(self, record: logging.LogRecord) -> str:
        first, *more = super().format(record)[:LONGEST].split("\n")
        return "\n    ".join(
            map(_printable, [first, *more] if record.exc_info else ["\\n".join([first, *more])])
        )


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:LONGEST],
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)[-LONGEST:]
        return json.dumps(said, ensure_ascii=True)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def logging_settings(kind: str = "line") -> dict[str, Any]:
    """Django's LOGGING: warnings of all, and what tocsin has to say, as lines or as JSON."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": OneLine,
                "format": "{asctime} {levelname:<7} {name}: {message}",
                "datefmt": "%Y-%m-%dT%H:%M:%S%z",
                "style": "{",
            },
            "json": {"()": JsonLines},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": kind}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"tocsin": {"level": "INFO"}, "django": {"handlers": ["stderr"], "propagate": False}},
    }
