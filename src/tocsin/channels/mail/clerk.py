"""Composes the mails of one batch: a letter is rendered once and serves all who receive it."""

from __future__ import annotations

import logging
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin import clock
from tocsin.channels.mail import compose, wire
from tocsin.channels.mail.session import Job
from tocsin.channels.outcomes import Cause, Outcome, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from tocsin.channels.base import Message
    from tocsin.channels.mail.address import Sender
    from tocsin.channels.mail.compose import Letter, Personal

logger = logging.getLogger("tocsin.channels.mail")

LETTERS_KEPT = 16


class Style(NamedTuple):
    """How a channel makes its mails. Both may raise `Refused`, which costs that message alone."""

    letter: Callable[[Message, Sender], Letter]
    """What all recipients of the same events in one language share."""
    personal: Callable[[Message, Sender, str], Personal]
    """The recipient's own lines; the text is the value of Date."""


class Clerk:
    """Remembers the last few letters: a claim is ordered so that the deliveries of one event lie together."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._letters: dict[Hashable, Letter] = {}
        self._shared: dict[Hashable, wire.Shared] = {}
        self._second: datetime | None = None
        self._date = ""

    def job(self, message: Message) -> Job | Outcome:
        """The mail as bytes, or the answer for a message that cannot become one."""
        try:
            sender = compose.sender(message.target.settings.get("from_email", ""))
            key = _key(message, sender)
            shared = self._shared.get(key)
            if shared is None:
                shared = wire.serialise(self._style.letter(message, sender))
                _remember(self._shared, key, shared)
            return Job(message, wire.addressed(shared, self._style.personal(message, sender, self._now())))
        except compose.Refused as refused:
            return refused.outcome
        except Exception as error:
            logger.exception("e-mail: cannot compose delivery d%s", message.delivery_id)
            return Retry(Cause.BUG, type(error).__name__)

    def parts(self, message: Message) -> tuple[Letter, Personal]:
        """The same mail as values, for other mail backends. Raises `Refused`."""
        sender = compose.sender(message.target.settings.get("from_email", ""))
        key = _key(message, sender)
        letter = self._letters.get(key)
        if letter is None:
            letter = self._style.letter(message, sender)
            _remember(self._letters, key, letter)
        return letter, self._style.personal(message, sender, self._now())

    def _now(self) -> str:
        second = clock.now().replace(microsecond=0)
        if second != self._second:
            self._second, self._date = second, format_datetime(second)
        return self._date


def _key(message: Message, sender: Sender) -> Hashable:
    ids = message.events[0].id if len(message.events) == 1 else tuple(event.id for event in message.events)
    return ids, message.locale, message.action, sender


def _remember(kept: dict[Hashable, Any], key: Hashable, value: object) -> None:
    if len(kept) >= LETTERS_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
