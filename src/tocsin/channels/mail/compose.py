"""The parts of a mail that both ways of sending are made of, and what may not stand in a header."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError

from tocsin import conf
from tocsin.channels.mail.address import CONTROL, PLAIN, Sender, ascii_address, parse_sender
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Retry

if TYPE_CHECKING:
    from tocsin.channels.base import EventView, Message

Headers = tuple[tuple[str, str], ...]

AUTOMATIC: Headers = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"))
"""No machine answers a mail that says this: RFC 3834, and what Microsoft's servers heed instead."""
_ID_ATOM = re.compile(r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*")


class Refused(Exception):
    """This message cannot become a mail; `outcome` says why. No other message is harmed."""

    def __init__(self, outcome: Retry | Rejected) -> None:
        super().__init__(outcome.detail)
        self.outcome: Outcome = outcome


@dataclass(frozen=True, slots=True)
class Letter:
    """What all recipients of the same events in one language receive."""

    sender: Sender
    subject: str
    text: str
    html: str
    """Empty for a mail of plain text alone."""
    headers: Headers


@dataclass(frozen=True, slots=True)
class Personal:
    """What differs from one recipient to the next. All ASCII but the name; none has a control character."""

    name: str
    address: str
    message_id: str
    headers: Headers


def sender(own: str = "") -> Sender:
    """Who a mail is from: its target's `own`, or the site's. Raises `Refused`, to be tried again:
    a wrong one is the operator's."""
    value = own or conf.get("FROM_EMAIL") or settings.DEFAULT_FROM_EMAIL
    try:
        return parse_sender(value)
    except ValueError as error:
        raise Refused(Retry(Cause.BAD_SETTINGS, f"FROM_EMAIL {error}")) from error


def headers_of(event: EventView) -> Headers:
    """The headers that all recipients of an event share. Raises `Refused` for control characters."""
    refuse_controls("type", event.type)
    refuse_controls("event id", event.id)
    return (*AUTOMATIC, ("X-Tocsin-Event", event.id), ("X-Tocsin-Type", event.type))


def personal_to(
    message: Message, address: str, sender: Sender, date: str, *, name: str = "", further: Headers = ()
) -> Personal:
    """One recipient's part. Raises `Refused` for an address that cannot stand in a header.

    The Message-ID is made of the message's key, so that it is the same in every attempt.
    """
    if not PLAIN.fullmatch(address):
        try:
            address = ascii_address(address.strip())
        except ValidationError as error:
            raise Refused(Rejected(Cause.BAD_SETTINGS, error.messages[0])) from error
    message_id = f"<{_id_atom(message.key)}@{sender.domain}>"
    delivery = ("X-Tocsin-Delivery", f"d{message.delivery_id}")
    return Personal(
        name, address, message_id, (("Message-ID", message_id), ("Date", date), delivery, *further)
    )


def _id_atom(key: str) -> str:
    return key if _ID_ATOM.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]


def refuse_controls(field: str, value: str) -> None:
    """Raise `Refused` if `value` has a character that no header line may have."""
    if CONTROL.search(value):
        raise Refused(
            Rejected(Cause.REFUSED_CONTENT, f"{field} has control characters, which no mail header may have")
        )


def encodable(field: str, value: str) -> str:
    """`value`. Raises `Refused` where it cannot be written as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Refused(Rejected(Cause.REFUSED_CONTENT, f"{field} has a lone surrogate")) from error
    return value
