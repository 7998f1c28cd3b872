"""Globs: what they mean, by the standard library's word, and that no text makes them slow."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.rules import globs
from tocsin.rules.globs import fits

SIGNS = st.sampled_from(
    ["a", "b", "é", "\n", "*", "?", "[ab]", "[!a]", "[a-c]", "[", "]", "!", "-", "\\", "^"]
)
TEXTS = st.text("abcé\n[]!-\\^", max_size=12)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True), ("", "a", False), ("*", "", True), ("a", "a", True),
        ("a", "ab", False), ("a*", "ab", True), ("*b", "ab", True), ("a*a", "a", False),
        ("a*a", "aa", True), ("a*b*c", "axbxc", True), ("a*b*c", "acb", False), ("?", "", False),
        ("?", "x", True), ("?*", "x", True), ("*?", "", False), ("[a]", "[a]", False),
        ("[a]", "a", True), ("[[]a]", "[a]", True), ("[a", "[a", True), ("[!a]", "b", True),
        ("db[0-9]*", "db42", True), ("db[!0-9]", "db4", False), ("[]]", "]", True), ("[*]", "*", True),
        ("[*]", "a", False), ("[^a]", "^", True), ("A", "a", False), ("a.c", "abc", False),
        ("**", "x", True), ("a?c", "a\nc", True), ("*ab*ab", "abab", True), ("*aab", "aaab", True),
    ],
)  # fmt: skip
def test_globs(pattern, text, expected):
    assert fits(pattern, text) is expected


@given(st.lists(SIGNS, max_size=8).map("".join), TEXTS)
def test_globs_mean_what_they_mean_elsewhere(pattern, text):
    try:
        found = fits(pattern, text)
    except InvalidInput:
        assume(False)
    assert found is fnmatch.fnmatchcase(text, pattern)


@pytest.mark.parametrize(
    "pattern", ["a*" * 99 + "b", "*" + "?a" * 99 + "b*", "*a[ab]" * 33 + "*c*", "a*" * 99 + "b*"]
)
def test_no_character_is_looked_at_by_two_pieces(pattern, monkeypatch):
    searched = []
    after = globs._after

    def counted(piece, text, place, end):
        found = after(piece, text, place, end)
        searched.append((found if found >= 0 else end) - place)
        return found

    monkeypatch.setattr(globs, "_after", counted)
    text = "a" * 100_000
    assert not fits(pattern, text)
    assert sum(searched) <= len(text)


@given(st.lists(SIGNS, max_size=8).map("".join), TEXTS)
def test_a_piece_has_one_length(pattern, text):
    try:
        pieces = globs.pieces_of(pattern)
    except InvalidInput:
        assume(False)
    for piece in pieces:
        found = piece.pattern.search(text)
        assert found is None or len(found.group()) == piece.length
