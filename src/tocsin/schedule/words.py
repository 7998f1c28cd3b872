"""Hours and times in words, for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from tocsin.schedule.windows import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MOST_SPANS = 5
"""Of one window, in one sentence."""


def hours_in_words(hours: Mapping[str, Any]) -> str:
    """Such as "not Mon–Fri 22:00–07:00", of hours as `windows.as_json` writes them."""
    [(kind, spans)] = hours.items()
    told = [f"{_days(span['days'])} {span['from']}–{span['to']}" for span in spans[:MOST_SPANS]]
    if len(spans) > MOST_SPANS:
        told.append("…")
    listed = ", ".join(told)
    return (
        _("not %(times)s") % {"times": listed} if kind == "quiet" else _("only %(times)s") % {"times": listed}
    )


def time_in_words(moment: datetime, zone: str) -> str:
    """Such as "Sat 2026-11-21 07:00 (Europe/Oslo)"."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{WEEKDAYS_ABBR[local.weekday()]} {local:%Y-%m-%d %H:%M} ({zone})"


def _days(names: Iterable[str]) -> str:
    """Three days on end or more are a range."""
    runs: list[list[int]] = []
    for day in sorted(map(DAYS.index, names)):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        f"{WEEKDAYS_ABBR[run[0]]}–{WEEKDAYS_ABBR[run[-1]]}"
        if len(run) > 2
        else ", ".join(str(WEEKDAYS_ABBR[day]) for day in run)
        for run in runs
    )
