"""Globs of conditions: * any characters, ? one, [a-z] and [!a-z] one of a set. Linear in the text. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from tocsin.errors import invalid


class Piece(NamedTuple):
    """What stands between two stars. It has one length, and nothing in it is repeated."""

    pattern: re.Pattern[str]
    length: int


@lru_cache(maxsize=10_000)
def pieces_of(glob: str) -> tuple[Piece, ...]:
    """The pieces of a glob, one more than it has stars. Raises `InvalidInput` for a range that is backwards."""
    pieces: list[list[str]] = [[]]
    place = 0
    while place < len(glob):
        sign, place = _sign(glob, place)
        if sign:
            pieces[-1].append(sign)
        else:
            pieces.append([])
    return tuple(Piece(re.compile("".join(signs), re.DOTALL), len(signs)) for signs in pieces)


def fits(glob: str, text: str) -> bool:
    """Whether all of `text` is as `glob` says. Each piece is looked for once, after the one before it."""
    first, *others = pieces_of(glob)
    if not others:
        return len(text) == first.length and first.pattern.match(text) is not None
    *middle, last = others
    place, end = first.length, len(text) - last.length
    if end < place or not first.pattern.match(text) or not last.pattern.match(text, end):
        return False
    for piece in middle:
        place = _after(piece, text, place, end)
        if place < 0:
            return False
    return True


def _after(piece: Piece, text: str, place: int, end: int) -> int:
    """Where the first such piece in text[place:end] ends, -1 where there is none."""
    found = piece.pattern.search(text, place, end)
    return found.end() if found else -1


def _sign(glob: str, place: int) -> tuple[str, int]:
    """The expression of one character of the text, "" for a star, and where the glob goes on."""
    char = glob[place]
    if char == "*":
        return "", place + 1
    if char == "?":
        return ".", place + 1
    begin = place + 2 if glob[place + 1 : place + 2] == "!" else place + 1
    end = glob.find("]", begin + 1) if char == "[" else -1
    if end < 0:
        return re.escape(char), place + 1
    return f"[{'^' if begin > place + 1 else ''}{_members(glob[begin:end])}]", end + 1


def _members(inside: str) -> str:
    members, place = [], 0
    while place < len(inside):
        low = high = inside[place]
        place += 1
        if inside[place : place + 1] == "-" and place + 1 < len(inside):
            high = inside[place + 1]
            place += 2
        if low > high:
            raise invalid("value", f"has the range {low}-{high}, which is backwards.", f"Write {high}-{low}.")
        members.append(re.escape(low) if low == high else f"{re.escape(low)}-{re.escape(high)}")
    return "".join(members)
