"""How many segments a text message is sent in, and how it is shortened to what is allowed. Pure.

A message of GSM 03.38 characters has 160 of them, or 153 in each of several segments; any other is UCS-2, with
70 or 67 units of 16 bits. What is written in two (an escaped character, a surrogate pair) is never divided.
"""

from __future__ import annotations

from typing import NamedTuple

from tocsin.channels.shorten import longest

MOST_SEGMENTS = 10
MOST_CHARACTERS = 1_600
"""What providers take in one message; ten segments hold fewer."""
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("^{}\\[~]|€")
_GSM = _BASIC | _ESCAPED


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
    beginning = text[:MOST_CHARACTERS]
    return beginning[: longest(beginning, lambda count: _fits(beginning[:count] + end))].rstrip() + end


def _fits(text: str) -> bool:
    return measure(text).segments <= MOST_SEGMENTS
