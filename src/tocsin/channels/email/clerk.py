"""Composes the mails of one batch: a letter is rendered once and serves all who receive it."""

from __future__ import annotations

import logging
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from tocsin import clock
from tocsin.channels.email import compose, wire
from tocsin.channels.email.session import Job
from tocsin.channels.outcomes import Cause, Outcome, Retry

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

    from tocsin.channels.base import Message
    from tocsin.channels.email.compose import Letter, Personal

logger = logging.getLogger("tocsin.channels.email")

LETTERS_KEPT = 16


class Clerk:
    """Remembers the last few letters: a claim is ordered so that the deliveries of one event lie together."""

    def __init__(self) -> None:
        self._letters: dict[Hashable, Letter] = {}
        self._shared: dict[Hashable, wire.Shared] = {}
        self._second: datetime | None = None
        self._date = ""

    def job(self, message: Message) -> Job | Outcome:
        """The mail as bytes, or the answer for a message that cannot become one."""
        try:
            sender = compose.sender()
            key = _key(message)
            shared = self._shared.get(key)
            if shared is None:
                shared = wire.serialise(compose.letter_of(message, sender))
                _remember(self._shared, key, shared)
            return Job(message, wire.addressed(shared, compose.personal_of(message, sender, self._now())))
        except compose.Refused as refused:
            return refused.outcome
        except Exception as error:
            logger.exception("e-mail: cannot compose delivery d%s", message.delivery_id)
            return Retry(Cause.BUG, type(error).__name__)

    def parts(self, message: Message) -> tuple[Letter, Personal]:
        """The same mail as values, for other mail backends. Raises `Refused`."""
        sender = compose.sender()
        key = _key(message)
        letter = self._letters.get(key)
        if letter is None:
            letter = compose.letter_of(message, sender)
            _remember(self._letters, key, letter)
        return letter, compose.personal_of(message, sender, self._now())

    def _now(self) -> str:
        second = clock.now().replace(microsecond=0)
        if second != self._second:
            self._second, self._date = second, format_datetime(second)
        return self._date


def _key(message: Message) -> Hashable:
    ids = message.events[0].id if len(message.events) == 1 else tuple(event.id for event in message.events)
    return ids, message.locale, message.action


def _remember(kept: dict[Hashable, Any], key: Hashable, value: object) -> None:
    if len(kept) >= LETTERS_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
