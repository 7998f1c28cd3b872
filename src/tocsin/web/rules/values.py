"""The value of a comparison as it is typed, and as a condition keeps it. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

LISTS = ("in", "between")
TEXTS = ("starts_with", "glob")
"""Operators whose value is a text, whatever it looks like."""
PRESENCE = {"exists": True, "missing": False}
"""Operators of the form that take no value; a condition says `exists` of either."""
_PART = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)')
_WORD = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def read(op: str, typed: str) -> Any:
    """What was typed, as the condition has it: 42 is a number and "42" a text; lists have commas."""
    if op in PRESENCE:
        return PRESENCE[op]
    if op in LISTS:
        return [_scalar(part) for part in _parts(typed)]
    return _quoted(typed) if op in TEXTS else _scalar(typed)


def write(op: str, value: Any) -> str:
    """What `read` reads as this value."""
    if op in PRESENCE:
        return ""
    if isinstance(value, list):
        return ", ".join(_written(part, comma=True) for part in value)
    if op in TEXTS and isinstance(value, str):
        return value if _quoted(value) == value else json.dumps(value, ensure_ascii=False)
    return _written(value)


def _parts(typed: str) -> list[str]:
    found, at = [], 0
    while at < len(typed):
        part = _PART.match(typed, at)
        if part is None:  # a quoted text that goes on
            found.append(typed[at:].strip())
            break
        found.append(part[1].strip())
        at = part.end()
    return [part for part in found if part]


def _scalar(typed: str) -> Any:
    text = typed.strip()
    return json.loads(text) if _WORD.fullmatch(text) else _quoted(text)


def _quoted(typed: str) -> str:
    """A text, out of its quotes where it stands in some."""
    if len(typed) > 1 and typed.startswith('"') and typed.endswith('"'):
        try:
            inner = json.loads(typed)
        except ValueError:
            return typed
        return inner if isinstance(inner, str) else typed
    return typed


def _written(value: Any, *, comma: bool = False) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    plain = _scalar(value) == value and value and value == value.strip() and not (comma and "," in value)
    return value if plain and isinstance(_scalar(value), str) else json.dumps(value, ensure_ascii=False)
