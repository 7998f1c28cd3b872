"""The one mail seam: channels that send mails compose them, and hand them over here.

With exactly Django's SMTP backend the mails are written as bytes and pipelined; any other backend of the
project is given one message at a time. Each mail has an outcome of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.smtp import EmailBackend

from tocsin import conf
from tocsin.channels.feeds import Only
from tocsin.channels.mail import backend
from tocsin.channels.mail.address import CONTROL, MAX_LENGTH, Sender, ascii_address, parse_sender
from tocsin.channels.mail.clerk import Clerk, Style
from tocsin.channels.mail.compose import (
    Letter,
    Personal,
    Refused,
    encodable,
    headers_of,
    personal_to,
    refuse_controls,
    sender,
)
from tocsin.channels.mail.providers import at_operators_account
from tocsin.channels.mail.pump import Pump
from tocsin.channels.outcomes import Cause, Retry
from tocsin.compat import mail_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.channels.base import Feed, Message
    from tocsin.channels.outcomes import Outcome

__all__ = [
    "CONTROL",
    "MAX_LENGTH",
    "Letter",
    "Personal",
    "Refused",
    "Sender",
    "Style",
    "ascii_address",
    "at_operators_account",
    "encodable",
    "headers_of",
    "not_ready",
    "parse_sender",
    "personal_to",
    "refuse_controls",
    "send_many",
    "send_one",
]


def not_ready() -> str:
    """What keeps every mail from being sent, as a sentence; empty when nothing is known to."""
    try:
        sender()
    except Refused as refused:
        return f"{refused}. Set TOCSIN['FROM_EMAIL'] to an address such as Name <name@example.org>."
    return ""


def send_one(message: Message, style: Style, *, seconds: float) -> Outcome:
    """Send one mail within `seconds`."""
    return next(outcome for _, outcome in send_many(Only(message), style, batch_size=1, seconds=seconds))


def send_many(
    feed: Feed, style: Style, *, batch_size: int, seconds: float
) -> Iterator[tuple[Message, Outcome]]:
    """Send a claim, and what more the feed gives. Each outcome is the answer for that recipient alone."""
    clerk = Clerk(style)
    try:
        connection = mail_connection(conf.get("MAILER"))
    except ImproperlyConfigured as error:
        # Not the error's words: some name the options, and those hold passwords.
        fault = Retry(Cause.BAD_SETTINGS, f"the project's mail settings do not work: {type(error).__name__}")
        yield from ((message, fault) for message in feed)
        return
    if type(connection) is EmailBackend:
        yield from Pump(feed, connection, clerk.job, batch_size=batch_size, seconds=seconds).run()
    else:
        yield from backend.send_all(feed, connection, clerk.parts, seconds)
