"""A page is written once for all who are shown the same, and never shown to others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin.channels.chat.pages import KEPT, Pages
from tocsin.testing import make_message


@pytest.fixture
def pages():
    written = []

    def write(message) -> bytes:
        written.append(message.event.title)
        shown = (message.event.title, message.action, message.locale, message.is_late, len(message.events))
        return " ".join(map(str, shown)).encode()

    made = Pages(write)
    made.written = written
    return made


def test_recipients_of_one_event_share_a_page(pages):
    message = make_message(title="one")
    assert pages.of(message) == pages.of(replace(message, delivery_id=8, key="other", recipient=None))
    assert pages.written == ["one"]


@pytest.mark.parametrize("change", [{"action": "resolve"}, {"locale": "fr"}, {"is_late": True}])
def test_what_looks_different_is_another_page(pages, change):
    message = make_message(title="one")
    assert pages.of(message) != pages.of(replace(message, **change))


def test_events_that_are_equal_but_not_the_same_are_each_written(pages):
    first, second = make_message(title="one"), make_message(title="two")
    assert pages.of(first) != pages.of(second)
    assert pages.of(replace(first, events=(*first.events, *second.events))) != pages.of(first)


def test_only_so_many_are_kept(pages):
    messages = [make_message(title=str(number)) for number in range(KEPT + 1)]
    for message in messages:
        assert pages.of(message).startswith(message.event.title.encode() + b" ")
    pages.of(messages[0])
    assert pages.written.count("0") == 2
    pages.of(messages[0])
    assert pages.written.count("0") == 2
