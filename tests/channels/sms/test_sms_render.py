"""What a text message says."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.channels.sms.texts import text_to
from tocsin.channels.sms import SmsChannel
from tocsin.levels import Level
from tocsin.testing import make_message


def render(**changes):
    return SmsChannel().render(text_to(**changes))


def test_subject_body_and_link_are_told_in_few_lines():
    made = render(level=Level.ERROR, body="# Late\n\n* **one**\n* two\n\n\n\nEnd.")
    assert made.text == (
        "[error] Invoice 42 is paid\nLate\n- one\n- two\nEnd.\nhttps://shop.example/invoices/42"
    )
    assert made.payload == {"encoding": "GSM 03.38", "segments": 1}
    assert made.subject == "[error] Invoice 42 is paid"


def test_without_a_page_the_first_action_is_the_link():
    action = {"label": "Open", "url": "https://x.example/open"}
    assert render(actions=(action,)).text.endswith("\nhttps://shop.example/invoices/42")
    assert render(url="", actions=(action,), body="").text.endswith("paid\nhttps://x.example/open")
    assert render(url="javascript:alert(1)", actions=(), body="").text == "Invoice 42 is paid"


def test_it_is_written_in_the_messages_language(monkeypatch):
    def told(one, many, count):
        return f"(%d, {translation.get_language()})"

    monkeypatch.setattr("tocsin.channels.subject.ngettext", told)
    two = (make_message().event, make_message(title="Other").event)
    assert render(events=two, locale="de").subject == "Invoice 42 is paid (1, de)"


def test_several_events_are_counted():
    two = (make_message().event, make_message(title="Other").event)
    assert render(events=two).subject == "Invoice 42 is paid (and 1 more)"
    assert render(action="resolve", locale="xx-unknown").subject == "[resolved] Invoice 42 is paid"


@pytest.mark.parametrize("control", ["\r\n", "\n", "\x00", "\x1b[31m", "\x7f", "\u2028", "\ud800"])
def test_controls_forge_no_line_and_reach_nobody(control):
    made = render(title=f"a{control}To: b", body=f"c{control}d", url="", actions=())
    assert made.text.splitlines()[0].startswith("a")
    assert not [c for c in made.text if c != "\n" and not c.isprintable()]
    made.text.encode()


def test_a_huge_body_is_shortened_at_once():
    made = render(body="*" * 100_000 + " word" * 20_000)
    assert made.payload["segments"] <= 10
    assert made.text.endswith("\nhttps://shop.example/invoices/42")
