"""The parts of a mail that both ways of sending are made of, and what may not stand in a header."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError

from tocsin import conf
from tocsin.channels.email.address import CONTROL, PLAIN, Sender, ascii_address, parse_sender
from tocsin.channels.email.render import render
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Retry
from tocsin.channels.text import one_line

if TYPE_CHECKING:
    from tocsin.channels.base import Message

NAME_BYTES = 45
"""What one encoded word holds: a longer name would need several, which readers put together differently."""
_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,100}@[^<>\s@]{1,100}>")
_ID_ATOM = re.compile(r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*")


class Refused(Exception):
    """This message cannot become a mail; `outcome` says why. No other message is harmed."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Letter:
    """What all recipients of the same events in one language receive."""

    sender: Sender
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Personal:
    """What differs from one recipient to the next. All ASCII but the name; none has a control character."""

    name: str
    address: str
    message_id: str
    headers: tuple[tuple[str, str], ...]


def sender() -> Sender:
    """Who our mails are from. Raises `Refused`: a wrong setting is the operator's, so it is tried again."""
    value = conf.get("FROM_EMAIL") or settings.DEFAULT_FROM_EMAIL
    try:
        return parse_sender(value)
    except ValueError as error:
        raise Refused(Retry(Cause.BAD_SETTINGS, f"FROM_EMAIL {error}")) from error


def letter_of(message: Message, sender: Sender) -> Letter:
    """The shared part. Raises `Refused` if a header would carry a control character."""
    event = message.event
    for each in message.events:
        for field, value in (("title", each.title), ("type", each.type), ("event id", each.id)):
            _refuse_controls(field, value)
        _encodable("body", each.body)
    rendered = render(message)
    return Letter(
        sender=sender,
        subject=rendered.subject,
        text=_encodable("text", rendered.text),
        html=_encodable("text", rendered.html),
        headers=(
            ("Auto-Submitted", "auto-generated"),
            ("X-Tocsin-Event", event.id),
            ("X-Tocsin-Type", event.type),
        ),
    )


def personal_of(message: Message, sender: Sender, date: str) -> Personal:
    """The recipient's part. Raises `Refused` for an address or a name that cannot stand in a header."""
    address = message.target.settings.get("email_address", "")
    if not PLAIN.fullmatch(address):
        try:
            address = ascii_address(address.strip())
        except ValidationError as error:
            raise Refused(Rejected(Cause.BAD_SETTINGS, error.messages[0])) from error
    message_id = f"<{_id_atom(message.key)}@{sender.domain}>"
    delivery = ("X-Tocsin-Delivery", f"d{message.delivery_id}")
    headers = (("Message-ID", message_id), ("Date", date), delivery, *_thread(message.thread))
    return Personal(_name(message), address, message_id, headers)


def _thread(provider_id: str) -> tuple[tuple[str, str], ...]:
    """The headers that hang a mail on an earlier one; none where the id holds no Message-ID of a mail."""
    earlier = _MESSAGE_ID.match(provider_id)
    if earlier is None:
        return ()
    _refuse_controls("thread", earlier[0])
    return ("In-Reply-To", earlier[0]), ("References", earlier[0])


def _name(message: Message) -> str:
    """The recipient's name for the To header, cut to what fits there; none if it looks like an encoded word."""
    if message.recipient is None or not message.recipient.name:
        return ""
    _refuse_controls("the recipient's name", message.recipient.name)
    name = one_line(message.recipient.name)
    name = name.encode()[:NAME_BYTES].decode(errors="ignore").rstrip()
    return "" if "=?" in name else name


def _id_atom(key: str) -> str:
    return key if _ID_ATOM.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]


def _refuse_controls(field: str, value: str) -> None:
    if CONTROL.search(value):
        raise Refused(
            Rejected(Cause.REFUSED_CONTENT, f"{field} has control characters, which no mail header may have")
        )


def _encodable(field: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Refused(Rejected(Cause.REFUSED_CONTENT, f"{field} has a lone surrogate")) from error
    return value
