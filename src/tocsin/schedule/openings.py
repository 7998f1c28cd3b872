"""When somebody may be told next: all windows that hold for a channel must be open. Pure; kept by the minute."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tocsin.channels import registry
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.schedule.windows import DAY, HORIZON, Hours, as_json, parse_hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

MOST_WINDOWS = 20
_MOST_TURNS = 500
MINUTE = timedelta(minutes=1)


def parse_windows(given: object, zone: str, now: datetime, field: str = "windows") -> list[dict[str, Any]]:
    """A person's windows of `[{"hours": {"quiet": […]}, "channels": ["email"]}]`; no channels means all.

    Raises `InvalidInput` with every error, and where a channel would never open.
    """
    if not isinstance(given, list) or len(given) > MOST_WINDOWS:
        raise invalid(
            field, f"must be a list of at most {MOST_WINDOWS}.", 'Send [{"hours": …, "channels": […]}].'
        )
    windows: list[dict[str, Any]] = []
    errors: list[FieldError] = []
    for index, one in enumerate(given):
        try:
            windows.append(_window(one, f"{field}.{index}"))
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    for channel in registry.channels():
        held = hours_for(windows, channel)
        if held and opening(held, zone, now) is None:
            message = f"leave {channel} never open: together they are shut for {HORIZON.days} days."
            raise invalid(field, message, "Leave some time free.")
    return windows


def _window(given: object, field: str) -> dict[str, Any]:
    if not isinstance(given, dict) or not {"hours"} <= given.keys() <= {"hours", "channels"}:
        raise invalid(field, "must have hours, and may have channels.", 'Send {"hours": …, "channels": […]}.')
    errors: list[FieldError] = []
    hours: Hours | None = None
    try:
        hours = parse_hours(given["hours"], f"{field}.hours")
    except InvalidInput as error:
        errors += error.errors
    channels = given.get("channels") or []
    if not isinstance(channels, list):
        errors.append(FieldError(f"{field}.channels", "must be a list of channels.", "Leave it out for all."))
        channels = []
    for index, slug in enumerate(channels):
        try:
            registry.get(slug if isinstance(slug, str) else str(slug)[:80])
        except InvalidInput as error:
            errors += [
                FieldError(f"{field}.channels.{index}", one.message, one.remedy) for one in error.errors
            ]
    if errors or hours is None:
        raise InvalidInput(*errors)
    return {"hours": as_json(hours), "channels": list(dict.fromkeys(channels))}


def hours_for(windows: Iterable[Mapping[str, Any]], channel: str) -> list[Mapping[str, Any]]:
    """The hours that hold for a channel."""
    return [one["hours"] for one in windows if not one["channels"] or channel in one["channels"]]


def shut_in_week(hours: Sequence[Mapping[str, Any]]) -> list[list[tuple[int, int]]]:
    """For each day from Monday on, from when to when these are not all open, in minutes after midnight."""
    parsed = [parse_hours(one) for one in hours]
    week: list[list[tuple[int, int]]] = []
    for day in range(7):
        shut: list[tuple[int, int]] = []
        turns = sorted(
            {0, DAY, *(time for one in parsed for span in one.spans for time in (span.start, span.end))}
        )
        for start, end in pairwise(turns):
            if all(one.hold_at(day, start) for one in parsed):
                continue
            begins = shut.pop()[0] if shut and shut[-1][1] == start else start
            shut.append((begins, end))
        week.append(shut)
    return week


def opening(hours: Sequence[Mapping[str, Any]], zone: str, moment: datetime) -> datetime | None:
    """The first moment from `moment` on at which all of these are open; None for none within `HORIZON`."""
    kept = tuple(json.dumps(one, sort_keys=True) for one in hours)
    minute = moment.replace(second=0, microsecond=0)
    found = _opening(kept, zone, minute)
    return None if found is None else max(found, moment)


@lru_cache(maxsize=4096)
def _opening(hours: tuple[str, ...], zone: str, minute: datetime) -> datetime | None:
    """Spans begin and end on the minute, so that what holds at its beginning holds for all of it."""
    parsed = [_parsed(one) for one in hours]
    moment: datetime | None = minute
    for _ in range(_MOST_TURNS):
        later: datetime | None = moment
        for one in parsed:
            later = one.opening(later, zone) if later is not None else None
        if later is None or later - minute > HORIZON:
            return None
        if later == moment:
            return later
        moment = later
    return None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Hours:
    return parse_hours(json.loads(text))
