"""Messages to phone numbers, for the tests of the SMS channel."""

from __future__ import annotations

from typing import Any

from tests.channels.email.mails import MailFeed
from tocsin.channels.sms import SmsChannel
from tocsin.testing import make_message

NUMBER = "+4791234567"


def text_to(number: str = NUMBER, delivery: int = 1, **changes: Any):
    return make_message({"phone_number": number}, delivery_id=delivery, key=f"key-{delivery}", **changes)


def texts(count: int, **changes: Any):
    """Messages to as many numbers: +4790000001, …"""
    return [text_to(f"+479{number:07d}", number, **changes) for number in range(1, count + 1)]


def deliver(given):
    """Outcome by phone number; each message must be answered once."""
    done = list(SmsChannel().send_batch(MailFeed(given)))
    assert len(done) == len(given)
    return {item.target.settings["phone_number"]: outcome for item, outcome in done}
