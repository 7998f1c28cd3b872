"""Mails through another mail backend than Django's SMTP (django-anymail, console, locmem): one at a time."""

from __future__ import annotations

import logging
import time
from email.headerregistry import Address
from typing import TYPE_CHECKING

from django.core.mail import EmailMultiAlternatives

from tocsin.channels.mail import providers
from tocsin.channels.mail.compose import Refused
from tocsin.channels.outcomes import Cause, Later, Outcome, Retry, Sent
from tocsin.channels.redact import traceback_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.core.mail.backends.base import BaseEmailBackend

    from tocsin.channels.base import Feed, Message
    from tocsin.channels.mail.compose import Letter, Personal

logger = logging.getLogger("tocsin.channels.mail")

SECRET_NAMES = ("key", "password", "secret", "token")
"""A backend's attributes with one of these in the name hold what nobody may see."""


def mail_of(letter: Letter, personal: Personal) -> EmailMultiAlternatives:
    """The mail as Django's backends take it."""
    to = (
        str(Address(display_name=personal.name, addr_spec=personal.address))
        if personal.name
        else personal.address
    )
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=letter.sender.header,
        to=[to],
        headers=dict(letter.headers + personal.headers),
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    return mail


def send_all(
    feed: Feed,
    backend: BaseEmailBackend,
    compose: Callable[[Message], tuple[Letter, Personal]],
    seconds: float,
) -> Iterator[tuple[Message, Outcome]]:
    """Send one message after the other, each with its own outcome; after `seconds` the rest goes back untried."""
    backend.fail_silently = False
    deadline = time.monotonic() + seconds
    try:
        for message in feed:
            yield (
                message,
                _send(message, backend, compose) if time.monotonic() < deadline else Later(Cause.BUSY),
            )
    finally:
        _close(backend)


def _send(
    message: Message, backend: BaseEmailBackend, compose: Callable[[Message], tuple[Letter, Personal]]
) -> Outcome:
    try:
        letter, personal = compose(message)
        mail = mail_of(letter, personal)
        backend.open()
        taken = backend.send_messages([mail])
    except Refused as refused:
        return refused.outcome
    except Exception as error:
        return _failed(message, backend, error)
    if (refused_by := providers.not_taken(mail)) is not None:
        return refused_by
    if taken in (0, False):  # None is what some backends return when all is well
        return Retry(Cause.UNFINISHED, "the mail backend says that it sent nothing")
    return Sent(f"{personal.message_id} {providers.provider_id(mail)}".strip())


def _failed(message: Message, backend: BaseEmailBackend, error: Exception) -> Outcome:
    """The outcome of what the backend raised; its connection is not used again."""
    secrets = [
        value
        for name, value in vars(backend).items()
        if isinstance(value, str) and any(part in name for part in SECRET_NAMES)
    ]
    outcome = providers.unsendable(error, str(getattr(backend, "api_url", "")), secrets)
    if outcome == Retry(Cause.BUG, type(error).__name__):
        logger.error(
            "e-mail: the mail backend failed on delivery d%s\n%s",
            message.delivery_id,
            traceback_of(error, secrets),
        )
    _close(backend)
    return outcome


def _close(backend: BaseEmailBackend) -> None:
    try:
        backend.close()
    except Exception:  # the mail is sent or not; closing changes nothing of that
        logger.debug("e-mail: the mail backend could not be closed", exc_info=True)
