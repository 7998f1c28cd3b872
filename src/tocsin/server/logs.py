"""How the standalone server logs: one line per record on stderr, whatever was in the data."""

from __future__ import annotations

import logging
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


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def logging_settings() -> dict[str, Any]:
    """Django's LOGGING: warnings of all, and what tocsin has to say."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": OneLine,
                "format": "{asctime} {levelname:<7} {name}: {message}",
                "datefmt": "%Y-%m-%dT%H:%M:%S%z",
                "style": "{",
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"tocsin": {"level": "INFO"}, "django": {"handlers": ["stderr"], "propagate": False}},
    }
