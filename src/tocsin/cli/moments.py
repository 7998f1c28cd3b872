"""Times on the command line: RFC 3339 with an offset, or "+3s" from now. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

RELATIVE = re.compile(r"\+([0-9]{1,9})(s|m|h|d|w)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
REMEDY = 'Write 2030-01-31T09:00:00+01:00, or "+3s", "+10m", "+2h", "+1d" from now.'


def parse_moment(text: str, now: datetime) -> datetime:
    """The time that `text` means. Raises ValueError with the remedy, also for a time without an offset."""
    if match := RELATIVE.fullmatch(text.strip()):
        try:
            return now + timedelta(**{UNITS[match[2]]: int(match[1])})
        except OverflowError:
            raise ValueError(f"{text!r} is too far away. {REMEDY}") from None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no time. {REMEDY}") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset, so it could be any zone's. {REMEDY}")
    return moment


def moment_option(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Callback of an option that is a point in time."""
    try:
        return None if value is None else parse_moment(value, datetime.now(UTC))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
