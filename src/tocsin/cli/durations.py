"""Lengths of time on the command line: "90s", "30m", "2h", "1d". Pure."""

from __future__ import annotations

import re

import click

LENGTH = re.compile(r"([0-9]{1,9})(s|m|h|d)")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST = 366 * 86_400


def parse_duration(text: str) -> int:
    """Seconds. Raises ValueError with the remedy."""
    found = LENGTH.fullmatch(text.strip())
    seconds = int(found[1]) * UNITS[found[2]] if found else LONGEST + 1
    if seconds > LONGEST:
        raise ValueError(f"{text[:40]!r} is no length of time. Write 90s, 30m, 2h or 1d; at most 366d.")
    return seconds


def duration_option(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Callback of an option that is a length of time."""
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
