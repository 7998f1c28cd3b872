"""What a mail says, in both its forms."""

from __future__ import annotations

import pytest

from tests.channels.email.mails import event, message
from tocsin.channels.email import STYLE, EmailChannel, letter
from tocsin.channels.mail import clerk
from tocsin.levels import Level


def render(**changes):
    return EmailChannel().render(message(**changes))


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "Invoice 42 is paid"),
        ({"level": Level.WARNING}, "Invoice 42 is paid"),
        ({"level": Level.ERROR}, "[error] Invoice 42 is paid"),
        ({"level": Level.CRITICAL}, "[critical] Invoice 42 is paid"),
        (
            {"level": Level.CRITICAL, "action": "resolve", "status": "resolved"},
            "[resolved] Invoice 42 is paid",
        ),
        ({"title": "  a\n b\t c "}, "a b c"),
        ({"title": "=?utf-8?q?a?="}, "= ?utf-8?q?a?="),
        ({"events": (event(), event(id="2", title="Other"))}, "Invoice 42 is paid (and 1 more)"),
    ],
)
def test_subject(changes, subject):
    assert render(**changes).subject == subject


def test_both_forms_say_title_level_body_links_and_where_from():
    made = render(level=Level.ERROR)
    for form in (made.text, made.html):
        for said in (
            "Invoice 42 is paid",
            "Error",
            "1 200 €",
            "https://x.example/open",
            "https://x.example/42",
            "Invoice paid · acme",
        ):
            assert said in form
    assert made.html.startswith("<!DOCTYPE html>")
    assert "\n-- \n" in made.text


def test_several_events_are_told_in_order():
    made = render(events=(event(title="First"), event(id="2", title="Second", level=Level.CRITICAL, body="")))
    assert made.text.index("First") < made.text.index("Second")
    assert made.html.index("First") < made.html.index("Second")


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ settings.SECRET_KEY }}",
        "{% load x %}",
        "</title><script>",
    ],
)
@pytest.mark.parametrize("field", ["title", "body", "type_label", "organization"])
def test_markup_in_any_field_is_shown_and_not_obeyed(field, payload, settings):
    made = render(**{field: payload})
    assert "<script" not in made.html
    assert "<img" not in made.html
    assert settings.SECRET_KEY not in made.html + made.text
    assert payload.partition("<")[0] in made.text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example",
        "/\\evil.example",
        " https://x",
        "https://x\r\ny",
        "file:///etc/passwd",
        "",
    ],
)
def test_links_lead_only_where_a_message_may_lead(url):
    made = render(url=url, actions=({"label": "Go", "url": url},), body="")
    assert "href" not in made.html
    assert "Go:" not in made.text


def test_an_unknown_language_is_answered_in_the_sites_own():
    assert render(locale="xx-unknown").text == render(locale="en").text
    assert 'lang="de"' in render(locale="de").html


def test_a_letter_is_rendered_once_for_all_who_receive_it(monkeypatch):
    rendered = []
    original = letter.render
    monkeypatch.setattr(letter, "render", lambda item: rendered.append(item) or original(item))
    desk = clerk.Clerk(STYLE)
    for number in range(50):
        desk.job(message(f"u{number}@example.net", number=number))
        desk.job(message(f"u{number}@example.net", number=number, locale="de"))
    assert len(rendered) == 2


def test_few_letters_are_remembered():
    desk = clerk.Clerk(STYLE)
    for number in range(100):
        desk.job(message(id=f"event-{number}"))
    assert len(desk._shared) == clerk.LETTERS_KEPT
