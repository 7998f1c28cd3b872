"""What goes into a mail: the letter that all recipients of the same events share, and each one's own lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.channels.email.render import render
from tocsin.channels.mail import (
    Letter,
    Personal,
    Sender,
    encodable,
    headers_of,
    personal_to,
    refuse_controls,
)
from tocsin.channels.text import one_line

if TYPE_CHECKING:
    from tocsin.channels.base import Message

ONE_CLICK = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
"""RFC 8058: a mail program may post to the address of List-Unsubscribe by itself."""
NAME_BYTES = 45
"""What one encoded word holds: a longer name would need several, which readers put together differently."""
_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,100}@[^<>\s@]{1,100}>")


def letter_of(message: Message, sender: Sender) -> Letter:
    """The shared part. Raises `Refused` if a header would carry a control character."""
    for each in message.events:
        refuse_controls("title", each.title)
        encodable("body", each.body)
    rendered = render(message)
    return Letter(
        sender=sender,
        subject=rendered.subject,
        text=encodable("text", rendered.text),
        html=encodable("text", rendered.html),
        headers=headers_of(message.event),
    )


def personal_of(message: Message, sender: Sender, date: str) -> Personal:
    """The recipient's part. Raises `Refused` for an address or a name that cannot stand in a header."""
    address = message.target.settings.get("email_address", "")
    further = _thread(message.thread) if message.thread else ()
    if message.unsubscribe_url:
        further += ("List-Unsubscribe", f"<{message.unsubscribe_url}>"), ONE_CLICK
    return personal_to(message, address, sender, date, name=_name(message), further=further)


def root_of(provider_id: str) -> str:
    """The Message-ID with which a stored id begins, that of the first mail of the group; "" if it has none."""
    found = _MESSAGE_ID.match(provider_id)
    return found[0] if found else ""


def _thread(provider_id: str) -> tuple[tuple[str, str], ...]:
    """The headers that hang a mail on the first one of its group; none where that was no mail."""
    root = root_of(provider_id)
    if not root:
        return ()
    refuse_controls("thread", root)
    return ("In-Reply-To", root), ("References", root)


def _name(message: Message) -> str:
    """The recipient's name for the To header, cut to what fits there; none if it looks like an encoded word."""
    if message.recipient is None or not message.recipient.name:
        return ""
    refuse_controls("the recipient's name", message.recipient.name)
    name = one_line(message.recipient.name)
    name = name.encode()[:NAME_BYTES].decode(errors="ignore").rstrip()
    return "" if "=?" in name else name
