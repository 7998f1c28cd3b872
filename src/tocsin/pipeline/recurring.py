"""Events that come again by a rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.errors import FieldError, InvalidInput
from tocsin.pipeline.intake import parse
from tocsin.schedule import series
from tocsin.tenants.scope import OPERATOR, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from tocsin.events.draft import Draft
    from tocsin.schedule.models import Series
    from tocsin.schedule.series import Timing

OF_THE_RULE = ("due_at", "expires_at", "dedupe_key")
"""Fields of an event that each occurrence has of its own."""


def repeat(
    type: str,  # noqa: A002
    *,
    rrule: str,
    starts_at: datetime | None = None,
    time_zone: str = "",
    expires_after: timedelta | int | None = None,
    dedupe_key: str | None = None,
    **event: Any,
) -> Series:
    """Store an event that comes again, in the caller's transaction: each occurrence is an event of its own.

    `rrule` is a rule of RFC 5545 such as "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0", on the clock of `time_zone`
    (the site's) from `starts_at` (now) on. `expires_after` seconds an occurrence is not sent any more. `event` are
    the fields of `notify`. With a `dedupe_key`, an active series of the same content is returned in place of a
    second one. Raises `InvalidInput` with every wrong field, and `DedupeConflict` where its content differs.
    """
    timing = {
        "rrule": rrule, "starts_at": starts_at, "time_zone": time_zone, "expires_after": expires_after,
        "dedupe_key": dedupe_key,
    }  # fmt: skip
    return start_series(*parse_series({"type": type, **event}, timing), by="code")


def parse_series(
    event: Mapping[str, Any], timing: Mapping[str, Any], scope: Scope = OPERATOR, *, prefix: str = ""
) -> tuple[Draft, Timing]:
    """What an edge was given, checked. Raises `InvalidInput` with every error; the event's are below `prefix`."""
    errors = [
        FieldError(f"{prefix}{name}", "is said by the rule of the series.", "Leave it out.")
        for name in OF_THE_RULE
        if event.get(name) is not None
    ]
    draft = checked = None
    try:
        draft = parse({name: value for name, value in event.items() if name not in OF_THE_RULE}, scope)
    except InvalidInput as error:
        errors += [replace(one, field=f"{prefix}{one.field}") for one in error.errors]
    try:
        checked = series.parse_timing(timing)
    except InvalidInput as error:
        errors += error.errors
    if errors or draft is None or checked is None:
        raise InvalidInput(*errors)
    return draft, checked


def start_series(draft: Draft, timing: Timing, *, by: str) -> Series:
    """Store a series with its first occurrence, in the caller's transaction. Raises `DedupeConflict`."""
    return series.start(draft, timing, by)
