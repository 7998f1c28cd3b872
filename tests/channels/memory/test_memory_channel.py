"""The memory channel keeps what it is given, and fails when told to."""

from __future__ import annotations

import pytest

from tests.channels.email.mails import MailFeed, message, messages
from tocsin.channels.base import Cause, Rejected, Retry, Sent, Target
from tocsin.channels.forms import clean_settings
from tocsin.channels.memory import MemoryChannel, MemoryForm


@pytest.fixture(autouse=True)
def _empty():
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


def test_it_keeps_what_it_is_given_and_asks_for_more():
    feed = MailFeed(messages(3), messages(5)[3:])
    assert {type(outcome) for _, outcome in MemoryChannel().send_batch(feed)} == {Sent}
    assert [item.delivery_id for item in MemoryChannel.sent] == [1, 2, 3, 4, 5]
    MemoryChannel.clear()
    assert not MemoryChannel.sent


@pytest.mark.parametrize(("fail", "kind"), [("retry", Retry), ("reject", Rejected), ("gone", Rejected)])
def test_settings_can_ask_for_a_failure(fail, kind):
    failing = message()
    object.__setattr__(failing, "target", Target("x", "", {"name": "x", "fail": fail}))
    assert type(MemoryChannel().send(failing)) is kind
    assert not MemoryChannel.sent


def test_a_script_answers_for_each_message_and_may_raise():
    def script(item):
        if item.delivery_id == 2:
            raise RuntimeError
        return Sent(f"m{item.delivery_id}")

    MemoryChannel.script = staticmethod(script)
    outcomes = [outcome for _, outcome in MemoryChannel().send_batch(MailFeed(messages(3)))]
    assert outcomes == [Sent("m1"), Retry(Cause.BUG, "RuntimeError"), Sent("m3")]


def test_a_bare_address_is_a_name():
    cleaned = clean_settings(MemoryForm, MemoryChannel().address_settings("anything"))
    assert (cleaned.open, cleaned.identity) == ({"name": "anything"}, "anything")
