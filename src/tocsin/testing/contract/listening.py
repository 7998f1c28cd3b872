"""What may give a secret away: everything that is logged, and every shape that a secret takes on its way."""

from __future__ import annotations

import base64
import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from tocsin.channels.redact import SHORTEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Ear(logging.Handler):
    """Keeps all that is logged, as any formatter might print it."""

    def __init__(self, deaf_to: tuple[str, ...]) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []
        self._deaf_to = deaf_to

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(self._deaf_to):
            self.heard.append(f"{self.format(record)} {record.__dict__}")


@contextmanager
def listening(deaf_to: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """All that any logger says, at every level, while the block runs; but for those whose name begins so."""
    ear = _Ear(deaf_to)
    loggers = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    before = [(one, one.level, one.propagate, one.disabled) for one in (logging.root, *loggers)]
    silenced = logging.root.manager.disable
    logging.disable(logging.NOTSET)
    for logger, *_ in before:
        logger.setLevel(logging.DEBUG)
        logger.propagate, logger.disabled = True, False
    logging.root.addHandler(ear)
    try:
        yield ear.heard
    finally:
        logging.root.removeHandler(ear)
        logging.disable(silenced)
        for logger, level, propagate, disabled in before:
            logger.setLevel(level)
            logger.propagate, logger.disabled = propagate, disabled


def disguises(secret: str) -> set[str]:
    """The secret as it is, in a URL, in JSON, and inside base64 (Basic authorization)."""
    raw = secret.encode()
    coded = [base64.b64encode(b"\0" * before + raw).decode() for before in range(3)]
    # What the bytes before and after it do not change.
    inside = [text[skipped:-4] for text, skipped in zip(coded, (0, 2, 3), strict=True)]
    shapes = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], *inside}
    return {shape for shape in shapes if len(shape) >= SHORTEST_SECRET}
