"""What the tests of web push send, and under which keys."""

from __future__ import annotations

from tests.servers.push_service import make_vapid_key
from tocsin.channels.base import Recipient, Sent
from tocsin.channels.webpush import WebpushChannel
from tocsin.testing import make_message

channel = WebpushChannel()
EVENT = make_message().event
NEW, OLD = make_vapid_key(), make_vapid_key()
PRIVATE, PUBLIC = NEW
ANA, BEN = (Recipient(number, name, "") for number, name in ((1, "ana"), (2, "ben")))


def send(browser, **changes):
    return channel.send(make_message(browser.settings, **changes))


def pushed(browser, **changes):
    """What the browser was given of such a message."""
    outcome = send(browser, **changes)
    assert isinstance(outcome, Sent), outcome
    return browser.pushed[-1]
