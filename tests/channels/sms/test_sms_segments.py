"""Segments of a text message, and what is left of one that is too long."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.channels.sms.segments import MOST_SEGMENTS, Size, fitted, measure

LINK = "https://shop.example/invoices/42"
FAMILY = "👩\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", Size("GSM 03.38", 0, 1)),
        ("x" * 160, Size("GSM 03.38", 160, 1)),
        ("x" * 161, Size("GSM 03.38", 161, 2)),
        ("x" * 306, Size("GSM 03.38", 306, 2)),
        ("x" * 307, Size("GSM 03.38", 307, 3)),
        ("@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ ¤¡ÄÖÑÜ§¿äöñüà", Size("GSM 03.38", 44, 1)),
        ("^{}\\[~]|€", Size("GSM 03.38", 18, 1)),
        ("€" * 80, Size("GSM 03.38", 160, 1)),
        ("€" * 81, Size("GSM 03.38", 162, 2)),
        ("x" * 152 + "€" + "x" * 152, Size("GSM 03.38", 306, 3)),
        ("x" * 159 + "…", Size("UCS-2", 160, 3)),
        ("ж" * 70, Size("UCS-2", 70, 1)),
        ("ж" * 71, Size("UCS-2", 71, 2)),
        ("ж" * 134, Size("UCS-2", 134, 2)),
        ("ж" * 135, Size("UCS-2", 135, 3)),
        ("🚨" * 35, Size("UCS-2", 70, 1)),
        ("🚨" * 36, Size("UCS-2", 72, 2)),
        ("ж" * 66 + "🚨" + "ж" * 66, Size("UCS-2", 134, 3)),
        ("ё" * 670, Size("UCS-2", 670, 10)),
        ("x" * 1530, Size("GSM 03.38", 1530, 10)),
    ],
)
def test_a_text_has_a_size(text, size):
    assert measure(text) == size


def test_what_fits_is_left_as_it_is():
    assert fitted("Invoice 42", LINK) == f"Invoice 42\n{LINK}"
    assert fitted("x" * 1530, "") == "x" * 1530


def test_a_long_text_ends_at_a_word_and_keeps_its_link():
    made = fitted("word " * 400, LINK)
    assert made.endswith(f"word...\n{LINK}")
    assert measure(made).segments == MOST_SEGMENTS
    assert len(made) > 1520, "three dots keep the text in GSM 03.38"


def test_a_text_that_is_no_gsm_ends_in_one_character():
    made = fitted("слово " * 400, LINK)
    assert made.endswith(f"слово…\n{LINK}")
    assert measure(made).segments == MOST_SEGMENTS


def test_one_word_without_end_is_cut_all_the_same():
    assert fitted("x" * 5000, "") == "x" * 1527 + "..."


def test_a_link_that_leaves_no_room_is_left_out():
    long = "https://shop.example/" + "x" * 800
    assert fitted("Invoice 42", long) == "Invoice 42"
    assert fitted("word " * 400, long).endswith("word...")


@pytest.mark.parametrize("piece", [FAMILY, "e\u0301", "👍🏽", "न\u0940"])
def test_no_character_is_cut_in_two(piece):
    for before in range(len(piece) * 2):
        kept = fitted("x" * before + piece * 1000, "").removesuffix("…")
        assert kept.lstrip("x").replace(piece, "") == "", "only whole pieces are left"


def test_an_accent_without_end_is_cut_all_the_same():
    assert measure(fitted("e" + "\u0301" * 100_000, LINK)).segments <= MOST_SEGMENTS


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["word ", "€", "ж", "🚨", "\n", "x" * 200, FAMILY, "[a]"]), max_size=400),
    st.sampled_from(["", LINK, "https://x.example/" + "y" * 900]),
)
def test_nothing_takes_more_than_ten_segments(pieces, link):
    text = "".join(pieces)
    made = fitted(text, link)
    assert measure(made).segments <= MOST_SEGMENTS
    assert len(made) <= 1600
    kept = made.removesuffix(f"\n{link}").removesuffix("...").removesuffix("…")
    assert text.startswith(kept.rstrip())
    assert not made or unicodedata.category(made[-1]) != "Cs"
