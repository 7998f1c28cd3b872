"""What Apprise says while it works for us: heard here, and kept out of every log, because it says secrets too."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Heard(NamedTuple):
    """One line of Apprise's."""

    level: int
    text: str


_heard: ContextVar[list[Heard] | None] = ContextVar("tocsin_apprise_heard", default=None)
SILENCED = ("apprise", "urllib3.connectionpool", "urllib3.util.retry")
"""Loggers that write URLs with tokens in them. They are silent only for what is done inside `listening()`."""


@contextmanager
def listening() -> Iterator[list[Heard]]:
    """Collect what is said in this thread, and let nobody else hear it."""
    lines: list[Heard] = []
    token = _heard.set(lines)
    try:
        yield lines
    finally:
        _heard.reset(token)


class _Ears(logging.Logger):
    """The logger that plugins are given: no handlers, no parents."""

    def handle(self, record: logging.LogRecord) -> None:
        lines = _heard.get()
        if lines is not None:
            lines.append(Heard(record.levelno, record.getMessage()))


EARS = _Ears("tocsin.channels.apprise.ears", logging.DEBUG)


def _is_for_others(record: logging.LogRecord) -> bool:
    return _heard.get() is None


for _name in SILENCED:
    logging.getLogger(_name).addFilter(_is_for_others)
