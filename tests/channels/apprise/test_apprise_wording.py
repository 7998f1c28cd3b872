"""What is said, and how it is made to fit. Pure."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.channels.apprise.answer import outcome_of
from tocsin.channels.apprise.ears import Heard
from tocsin.channels.apprise.wording import BREAK, defused, fitted, text_of, title_of
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.testing import make_message

FAMILY = "👩‍👩‍👧‍👦"


@pytest.mark.parametrize(
    "text",
    ["@everyone", "x@here", "<@1>", "<@!1>", "<@&1>", "<#1>", "<!here>", "<users/all>", "<at id=1>", "@a", "[a](b)"],
)  # fmt: skip
def test_what_a_chat_would_take_for_more_than_text_is_broken(text):
    assert BREAK in defused(text)
    assert defused(text).replace(BREAK, "") == text


@pytest.mark.parametrize(
    "text", ["ana@example.com", "https://social.example/@ana", "a < b", "a[0] (b)", "@ 10", "5 > 4", "f(x)"]
)
def test_ordinary_text_is_left_alone(text):
    assert defused(text) == text


@given(st.text(), st.integers(0, 30))
def test_shortened_is_short_enough_and_a_beginning(text, characters):
    made = fitted(text, characters)
    assert len(made) <= characters
    assert made == text or text.startswith(made.removesuffix("…"))


@pytest.mark.parametrize("whole", [FAMILY, "e\u0301", "🏳️‍🌈", "👍🏽"])
def test_no_character_is_cut_in_two(whole):
    text = "ab" + whole * 3
    for characters in range(2, len(text)):
        kept = fitted(text, characters).removesuffix("…")
        assert kept == "ab"[: len(kept)] or (len(kept) - 2) % len(whole) == 0


@given(st.text(alphabet="a&<\n", max_size=200), st.integers(0, 80))
def test_fitted_measures_what_is_written(text, room):
    made = fitted(text, room, escape)
    assert len(escape(made)) <= room
    assert made == text or text.startswith(made.removesuffix("…"))


def test_nothing_is_lost_that_fits():
    assert fitted("a" * 100, 100, str) == "a" * 100
    assert fitted("&" * 10, 50, escape) == "&" * 10
    assert fitted("a" * 101, 100, str) == "a" * 99 + "…"


def test_links_follow_the_text():
    actions = ({"label": "Mute\nit", "url": "https://a.example/m"}, {"label": "No", "url": "javascript:x"})
    message = make_message(title=" Disk\r\nfull ", body="**Now**", url="https://a.example/1", actions=actions)
    assert title_of(message) == "Disk full"
    assert text_of(message) == "Now\nhttps://a.example/1\nMute it: https://a.example/m"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ((30, "Failed to send X: , error=404."), Rejected(Cause.REFUSED_RECIPIENT, "x:// answered 404")),
        ((30, "Failed to send X: error=42909."), Retry(Cause.THROTTLED, "x:// answered 429")),
        ((30, "Failed to send X: error=21211."), Retry(Cause.SERVER_ERROR, "x:// did not take it")),
        ((30, "Failed to send X: error=30003."), Retry(Cause.SERVER_ERROR, "x:// did not take it")),
        ((30, "Failed: error=200."), Retry(Cause.SERVER_ERROR, "x:// did not take it")),
        ((30, "error=404. said somebody"), Retry(Cause.SERVER_ERROR, "x:// did not take it")),
        ((10, "Payload: error=404."), Retry(Cause.SERVER_ERROR, "x:// did not take it")),
        ((10, "Socket Exception: Read timed out."), Retry(Cause.TIMEOUT, "x://: no answer")),
        ((10, "Socket Exception: NameResolutionError"), Retry(Cause.DNS, "x://: no answer")),
        ((10, "Payload: Socket Exception: refused"), Retry(Cause.SERVER_ERROR, "x:// did not take it")),
    ],
)
def test_what_was_said_decides(line, expected):
    assert outcome_of(False, [Heard(*line)], "x://") == expected
    assert outcome_of(None, [Heard(*line)], "x://") == expected
    assert outcome_of(True, [Heard(*line)], "x://") == Sent()
