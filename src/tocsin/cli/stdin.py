"""What is read from stdin, where an option's value is `-`."""

from __future__ import annotations

import sys

from tocsin.errors import invalid

LONGEST_LINE = 4096


def read_text(field: str, most_bytes: int) -> str:
    """All of it, cut one byte after `most_bytes`, so that a check of the size still fails. Raises `InvalidInput`."""
    return _decode(field, sys.stdin.buffer.read(most_bytes + 1))


def read_line(field: str) -> str:
    """The next line without its end. Raises `InvalidInput`."""
    return _decode(field, sys.stdin.buffer.readline(LONGEST_LINE)).rstrip("\r\n")


def _decode(field: str, given: bytes) -> str:
    try:
        return given.decode()
    except UnicodeDecodeError as error:
        raise invalid(
            field, f"is not UTF-8: {error.reason} at byte {error.start}.", "Convert it first."
        ) from None
