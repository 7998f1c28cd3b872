"""Cutting a text to what a far side takes: at a space where one is near, never inside what reads as one character."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_JOINER = "\u200d"
_JOINED = frozenset({_JOINER, "\ufe0e", "\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))})


def longest(text: str, fits: Callable[[int], bool]) -> int:
    """How many characters of `text` fit, cut at a space where one is near and never inside a character."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    if low == len(text):
        return low
    near = max(text.rfind(mark, low * 4 // 5, low) for mark in "\n ")
    if near > 0:
        return near + 1
    while low and _is_inside_character(text, low):
        low -= 1
    return low


def shortened(text: str, fits: Callable[[str], bool]) -> str:
    """`text`, or as much of its beginning as fits with "…" after it."""
    if fits(text):
        return text
    return text[: longest(text, lambda count: fits(text[:count] + "…"))].rstrip() + "…"


def _is_inside_character(text: str, place: int) -> bool:
    """Whether what a reader sees as one character goes on at `place`: accents, emoji sequences, flags."""
    after = text[place]
    if unicodedata.category(after)[0] == "M" or after in _JOINED or text[place - 1] == _JOINER:
        return True
    flags = 0
    while flags < place and "\U0001f1e6" <= text[place - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 1 and "\U0001f1e6" <= after <= "\U0001f1ff"
