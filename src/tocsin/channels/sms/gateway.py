"""Text messages through a mail gateway: a plain mail to `local+NUMBER@domain`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from tocsin import conf
from tocsin.channels import mail
from tocsin.channels.outcomes import Cause, Rejected
from tocsin.channels.sms.number import UNUSABLE, number_of
from tocsin.channels.sms.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.channels.base import Feed, Message
    from tocsin.channels.outcomes import Outcome

SETTING = "SMS_GATEWAY_ADDRESS"


def address_for(number: str) -> str:
    """`sms@example.com` and `+4791234567` make `sms+4791234567@example.com`."""
    local, _, domain = conf.get(SETTING).rpartition("@")
    return f"{local}{number}@{domain}"


def not_ready() -> str:
    """What keeps the gateway from being reached, as a sentence."""
    try:
        mail.ascii_address(conf.get(SETTING))
    except ValidationError:
        return f"TOCSIN['{SETTING}'] is no address that mail can be sent to."
    return mail.not_ready()


def letter_of(message: Message, sender: mail.Sender) -> mail.Letter:
    """Nothing but the text: gateways send the subject along, or instead."""
    text = render(message).text + "\n"
    return mail.Letter(sender, "", mail.encodable("text", text), "", mail.headers_of(message.event))


def personal_of(message: Message, sender: mail.Sender, date: str) -> mail.Personal:
    """To the gateway's address for the message's number."""
    number = number_of(message)
    if not number:
        raise mail.Refused(Rejected(Cause.BAD_SETTINGS, UNUSABLE))
    return mail.personal_to(message, address_for(number), sender, date)


STYLE = mail.Style(letter_of, personal_of)


def send_many(feed: Feed, *, batch_size: int, seconds: float) -> Iterator[tuple[Message, Outcome]]:
    """Send all of `feed`. A refusal never disables a destination: half of the address is the operator's."""
    for message, outcome in mail.send_many(feed, STYLE, batch_size=batch_size, seconds=seconds):
        yield message, _blameless(outcome)


def send_one(message: Message, *, seconds: float) -> Outcome:
    """Send one message within `seconds`."""
    return _blameless(mail.send_one(message, STYLE, seconds=seconds))


def _blameless(outcome: Outcome) -> Outcome:
    return replace(outcome, disable_destination=False) if isinstance(outcome, Rejected) else outcome
