"""Bytes to JSON values, strictly: the first stop of everything that comes in by HTTP.

Python's own reader takes NaN, duplicate keys and nesting until it runs out of stack. This one does not.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from tocsin.errors import FieldError, InvalidInput, TocsinError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Path = tuple[str | int, ...]

MAX_DEPTH = 20
MAX_REPORTED = 50
OPENING = ord("[")

# What is left of a body to see how deep it is. A quote that is never closed opens a string that has no end.
_ESCAPES = re.compile(rb"\\.", re.DOTALL)
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))
_STRINGS = re.compile(rb'"[^"]*"?')
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_MAY_BE_UNFIT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class Unparsable(TocsinError, ValueError):
    """The bytes are no JSON that tocsin reads (HTTP 400)."""


def loads(body: bytes) -> Any:
    """The JSON value in `body`, which must be UTF-8.

    Raises `Unparsable` for what is no JSON, for NaN and Infinity, duplicate keys and nesting deeper than
    `MAX_DEPTH`; `InvalidInput` for U+0000 and lone surrogates, which no database keeps.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Unparsable(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from None
    if _is_too_deep(body):
        raise Unparsable(f"The body is nested deeper than {MAX_DEPTH}.")
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        message = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise Unparsable(f"The body is no JSON: {message}.") from None
    except Unparsable:
        raise
    except ValueError:  # an integer of more digits than Python reads
        raise Unparsable("The body has a number that is too long.") from None
    if _MAY_BE_UNFIT.search(text):
        _refuse_unfit(value)
    return value


def _is_too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    plain = _ESCAPES.sub(b"", body) if b"\\" in body else body
    marks = plain.translate(None, _NO_MARKS).replace(
        b'""', b""
    )  # what is beside them stays in or out of strings
    brackets = _STRINGS.sub(b"", marks).replace(b"{", b"[").replace(b"}", b"]")
    left = brackets
    for _ in range(MAX_DEPTH):  # each round takes the innermost level away, at the speed of C
        left = left.replace(b"[]", b"")
        if not left:
            return False
    depth = 0
    for bracket in brackets:  # too deep, or out of balance, which is for the decoder to say
        depth += 1 if bracket == OPENING else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Unparsable(f"The key {name[:80]!r} is there twice in one object.")
            seen.add(name)
    return made


def _constant(name: str) -> NoReturn:
    raise Unparsable(f"{name} is no JSON number.")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _refuse_unfit(value: Any) -> None:
    errors = [
        FieldError(
            field_name(path), "has a NUL character or half a surrogate pair.", "Take it out.", pointer(path)
        )
        for path in _unfit(value, ())
    ]
    if errors:
        raise InvalidInput(*errors[:MAX_REPORTED])


def _unfit(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, str):
        if _UNFIT.search(value):
            yield path
    elif isinstance(value, dict):
        for name, child in value.items():
            if _UNFIT.search(name):
                yield path
            yield from _unfit(child, (*path, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _unfit(child, (*path, index))


def pointer(path: Sequence[str | int]) -> str:
    """The JSON pointer (RFC 6901) to `path`, as the fragment of a URI: ("data", "a/b") is "#/data/a~1b"."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join("/" + quote(part.encode(errors="replace"), safe="~") for part in parts)


def field_name(path: Sequence[str | int]) -> str:
    """The dotted name of `path` within its event: without the event's place in a list."""
    parts = path[1:] if path and isinstance(path[0], int) else path
    return ".".join(str(part).encode(errors="replace").decode() for part in parts) or "event"
