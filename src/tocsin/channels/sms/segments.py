"""How many segments a text message is sent in, and how it is shortened to what is allowed. Pure.

A message of GSM 03.38 characters has 160 of them, or 153 in each of several segments; any other is UCS-2, with
70 or 67 units of 16 bits. What is written in two (an escaped character, a surrogate pair) is never divided.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

MOST_SEGMENTS = 10
MOST_CHARACTERS = 1_600
"""What providers take in one message; ten segments hold fewer."""
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("^{}\\[~]|€")
_GSM = _BASIC | _ESCAPED
_JOINER = "\u200d"
_LONGEST_CLUSTER = 32


class Size(NamedTuple):
    """How a text is sent: its encoding, its length in units of that, and the segments it takes."""

    encoding: str
    units: int
    segments: int


def measure(text: str) -> Size:
    """The size of `text` as it is sent."""
    gsm = _GSM.issuperset(text)
    single, several = (160, 153) if gsm else (70, 67)
    costs = [1 + (character in _ESCAPED if gsm else character > "\uffff") for character in text]
    segments, room = 1, several
    for cost in costs:
        if cost > room:
            segments, room = segments + 1, several
        room -= cost
    units = sum(costs)
    return Size("GSM 03.38" if gsm else "UCS-2", units, 1 if units <= single else segments)


def fitted(text: str, link: str) -> str:
    """`text` and, on a line of its own, `link`, in at most ten segments.

    The text is shortened at the end of a word. A link that takes more than half of the room is left out.
    """
    if link and measure(link).segments > MOST_SEGMENTS // 2:
        link = ""
    end = f"\n{link}" if link else ""
    if len(text) <= MOST_CHARACTERS and _fits(text + end):
        return text + end
    # "…" is no GSM character: it alone would more than halve the room.
    end = ("..." if _GSM.issuperset(text + link) else "…") + end
    return _beginning(text, _longest(text, end)) + end


def _fits(text: str) -> bool:
    return measure(text).segments <= MOST_SEGMENTS


def _longest(text: str, end: str) -> int:
    """How many characters of `text` fit before `end`."""
    least, most = 0, min(len(text), MOST_CHARACTERS)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if _fits(text[:middle] + end) else (least, middle - 1)
    return least


def _beginning(text: str, length: int) -> str:
    """`text` up to the last word that ends within `length`, or up to the last whole character of a long one."""
    kept = text[:length]
    if not text[length : length + 1].isspace():
        space = max(kept.rfind(" "), kept.rfind("\n"))
        kept = kept[:space] if space > length // 2 else kept[: _whole(text, length)]
    return kept.rstrip()


def _whole(text: str, length: int) -> int:
    """`length`, or less, so that no accent is cut from its letter and no part from an emoji."""
    for end in range(length, max(length - _LONGEST_CLUSTER, 0), -1):
        following = text[end : end + 1]
        if not (following and _continues(following)) and text[end - 1] != _JOINER:
            return end
    return length


def _continues(character: str) -> bool:
    return character == _JOINER or unicodedata.category(character) in ("Mn", "Mc", "Me", "Sk")
