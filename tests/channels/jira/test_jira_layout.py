"""What an issue says: within the limits of Jira, and without markup that an event brought in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.channels.jira.sending import EVENT, GROUP, send
from tocsin.channels.base import Sent


@pytest.mark.parametrize(
    "body", ["line & more \U0001f600 <x> {code} " * 3000, "**b** *i* `c` - x\n\n" * 4000]
)
def test_a_long_text_is_cut_to_jiras_limit_and_says_so(jira, body):
    assert send(jira, body=body, **GROUP) == Sent("OPS-1")
    assert send(jira, body=body, thread="OPS-1", delivery_id=2, action="update", **GROUP) == Sent("OPS-1")
    for text in (jira.shown("OPS-1"), *jira.comments("OPS-1")):
        assert len(text) > 2000
        assert "… The text was shortened. Read the rest" in text
        assert "● Info" in text


def test_a_long_title_is_cut_in_the_summary_and_whole_in_a_comment(jira):
    title = "long \U0001f600 " * 40
    send(jira, title=title, **GROUP)
    assert jira.issues["OPS-1"]["fields"]["summary"].endswith("…")
    send(jira, title=title, thread="OPS-1", delivery_id=2, action="update", **GROUP)
    assert title.strip() in jira.comments("OPS-1")[0]


def test_several_events_are_told_in_one_text(jira):
    events = tuple(replace(EVENT, title=f"Nr {number}", body="word " * 9000) for number in range(12))
    send(jira, events=events)
    shown = jira.shown("OPS-1")
    assert "Nr 0 (and 11 more)" in shown
    assert all(f"Nr {number}" in shown for number in range(10))
    assert "… and 2 more" in shown


HOSTILE = (
    "[~admin] [~accountid:5b10] @admin",
    "{code}x{code} {panel:title=x}y{panel} {color:red}z{color} {noformat}",
    "!http://evil.example/x.png! !x.png|thumbnail!",
    "[bank|http://evil.example] [http://evil.example] http://evil.example mailto:a@evil.example www.evil.example",
    "h1. big\n* item\n# item\n- item\n|| table ||\nbq. quote\n----",
    "*b* _i_ -s- +u+ ^x^ ~y~ ??z?? {{m}} :) (!) ;) (on) \\\\ \\{x} &#91;~admin]",
    "OPS-1 fixes OPS-1 #close ^att.zip",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_event_brings_in_markup(jira, text):
    title = " ".join(text.split())
    hostile = {
        "title": title,
        "type_label": title,
        "project": title,
        "actions": ({"label": title, "url": "/42"},),
    }
    for body in (text, f"> {text}", f"```\n{text}\n```", f"`{title}`", f"**{title}**", f"- {title}"):
        send(jira, body=body, **hostile, **GROUP)
        assert jira.refused == []
    for shown in jira.comments("OPS-1"):
        assert title in " ".join(shown.split())


@pytest.mark.parametrize("mark", ["x", "[", "\U0001f600"])
@pytest.mark.parametrize("count", [1, 12])
def test_whatever_an_event_may_hold_its_text_is_one_that_jira_takes(jira, mark, count):
    """Titles, labels and addresses of the longest kind, in which markup is written with many letters more."""
    url = "https://x.example/" + ("!'*" * 700 if mark != "x" else "y" * 2000)[:1980]
    named = {"title": mark * 300, "type_label": mark * 200, "organization": mark * 200, "project": mark * 200}
    full = replace(
        EVENT,
        **named,
        url=url,
        body=f"{mark} text " * (4500 if count == 1 else 700),
        actions=({"label": mark * 200, "url": url},) * 10,
    )
    assert send(jira, events=(full,) * count, **GROUP) == Sent("OPS-1")
    assert send(jira, events=(full,) * count, thread="OPS-1", action="update", delivery_id=2) == Sent("OPS-1")
    for text in (jira.shown("OPS-1"), *jira.comments("OPS-1")):
        assert text.count("… The text was shortened.") == min(count, 10)
