"""Texts are cut where a reader would cut them."""

from __future__ import annotations

import pytest

from tocsin.channels.shorten import longest, shortened


@pytest.mark.parametrize("sign", ["e\u0301", "👩\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈", "👍\U0001f3fd", "🇳🇴"])
def test_a_cut_never_goes_through_a_character(sign):
    text = sign * 5
    for room in range(len(text) + 1):
        kept = text[: longest(text, lambda count, room=room: count <= room)]
        assert len(kept) % len(sign) == 0
        assert kept == text[: room // len(sign) * len(sign)]


def test_a_cut_is_made_at_a_space_where_one_is_near():
    assert shortened("one two three four five", lambda text: len(text) <= 20) == "one two three four…"
    assert shortened("short", lambda text: len(text) <= 5) == "short"
