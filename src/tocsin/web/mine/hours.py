"""My quiet hours: when I want to be told, drawn as a week and filled in row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tocsin import clock, pipeline
from tocsin.channels import registry
from tocsin.errors import InvalidInput
from tocsin.schedule.openings import MOST_WINDOWS, hours_for, shut_in_week
from tocsin.schedule.windows import DAYS, first_zone
from tocsin.schedule.wishes import wishes_of, zone_of
from tocsin.schedule.words import hours_in_words
from tocsin.web.access import for_readers
from tocsin.web.policy import strict
from tocsin.web.said import say
from tocsin.web.words import SPOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.http import HttpRequest, HttpResponse, QueryDict

KINDS = ("quiet", "open")
SPARE = 2
"""Empty rows to fill in."""
YEAR = 31_536_000
MOST_ROWS = MOST_WINDOWS * 5


@dataclass(slots=True)
class Row:
    """One span as the form shows it. Rows of one window, and new ones like it, are kept together."""

    number: int
    kind: str = "quiet"
    days: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    channels: tuple[str, ...] = ()
    window: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.days or self.start or self.end)


@strict
@for_readers
@require_http_methods(["GET", "HEAD", "POST"])
def hours(request: HttpRequest) -> HttpResponse:
    """Show the week and its rows, or keep them; what is wrong is said beside its row, and nothing is lost."""
    kept = wishes_of(request.user.pk)
    zone = zone_of(request.user.pk)
    if request.method != "POST":
        rows = _with_spares(_rows_of(kept["windows"]))
        return render(request, "tocsin/mine/hours.html", _context(rows, kept, zone, {}))
    rows = _posted(request.POST)
    given, places = _windows(rows)
    named = request.POST.get("time_zone", "").strip()
    change = {"time_zone": named, "windows": given, "dnd_until": _rest(request.POST, named or zone)}
    if "locale" in request.POST:
        change["locale"] = request.POST["locale"]
    try:
        pipeline.change_hours(request.user.pk, change)
    except InvalidInput as error:
        errors = _place(error, rows, places)
    else:
        return _kept(request, change)
    shown = kept | {"time_zone": named}
    context = _context(_with_spares(rows), shown, zone, errors) | {"rest": request.POST.get("rest", "")}
    return render(request, "tocsin/mine/hours.html", context, status=422)


def _kept(request: HttpRequest, change: dict[str, Any]) -> HttpResponse:
    """Back to the page, from now on in the language that was chosen."""
    response = HttpResponseRedirect(request.path)
    language = change.get("locale") or ""
    with translation.override(language or None):
        say(request, _("It is kept. What waited for you was looked at again."))
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, samesite="Lax", httponly=True
        )
    elif "locale" in change:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response


def _rows_of(windows: Iterable[Mapping[str, Any]]) -> list[Row]:
    rows: list[Row] = []
    for index, window in enumerate(windows):
        [(kind, spans)] = window["hours"].items()
        for span in spans:
            rows.append(
                Row(len(rows), kind, tuple(span["days"]), span["from"], span["to"], tuple(window["channels"]),
                    str(index))
            )  # fmt: skip
    return rows


def _with_spares(rows: list[Row]) -> list[Row]:
    filled = [row for row in rows if not row.is_empty]
    rows = filled + [Row(0) for _ in range(SPARE)]
    for number, row in enumerate(rows):
        row.number = number
    return rows


def _posted(form: QueryDict) -> list[Row]:
    rows = []
    for number in range(MOST_ROWS):
        if f"kind-{number}" not in form:
            break
        row = Row(
            number, form.get(f"kind-{number}", ""), tuple(form.getlist(f"days-{number}")),
            form.get(f"from-{number}", "").strip(), form.get(f"to-{number}", "").strip(),
            tuple(form.getlist(f"channels-{number}")), form.get(f"window-{number}", ""),
        )  # fmt: skip
        if f"remove-{number}" not in form and not row.is_empty:
            rows.append(row)
    return rows


def _windows(rows: list[Row]) -> tuple[list[dict[str, Any]], list[list[Row]]]:
    """The windows that rows make, and the rows of each. A new row joins the first window that is like it."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        like = (row.kind, frozenset(row.channels))
        key = (*like, row.window)
        if not row.window:
            key = next((known for known in groups if known[:2] == like), key)
        groups.setdefault(key, []).append(row)
    windows = [
        {
            "hours": {
                members[0].kind: [
                    {"days": list(row.days), "from": row.start, "to": row.end} for row in members
                ]
            },
            "channels": [slug for slug in registry.channels() if slug in members[0].channels],
        }
        for members in groups.values()
    ]
    return windows, list(groups.values())


def _rest(form: QueryDict, zone: str) -> datetime | str | None:
    """Until when, on the clock of their zone; None for no rest. What is no time is left for others to refuse."""
    text = form.get("rest", "").strip()
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text or None
    return local if local.tzinfo else local.replace(tzinfo=ZoneInfo(first_zone(zone))).astimezone(UTC)


def _place(error: InvalidInput, rows: list[Row], places: list[list[Row]]) -> dict[str, str]:
    """Put each error beside its row; those of the whole form are returned by the name of their field."""
    whole: dict[str, list[str]] = {}
    for one in error.errors:
        said = f"{one.message} {one.remedy}".strip()
        first, *path = one.field.split(".")
        if first != "windows" or not path or not path[0].isdigit():
            whole.setdefault(first, []).append(said)
            continue
        members = places[int(path[0])]
        span = int(path[3]) if len(path) > 3 and path[3].isdigit() else 0
        name = {"from": _("from"), "to": _("to"), "days": _("days")}.get(path[-1], "")
        members[min(span, len(members) - 1)].errors.append(f"{name} {said}".strip())
    return {name: " ".join(said) for name, said in whole.items()}


def _context(rows: list[Row], kept: Mapping[str, Any], zone: str, errors: dict[str, str]) -> dict[str, Any]:
    until = kept["dnd_until"]
    local = until.astimezone(ZoneInfo(zone)) if until and until > clock.now() else None
    return {
        "rows": rows,
        "weeks": _weeks(kept["windows"]),
        "days": [(slug, WEEKDAYS_ABBR[index]) for index, slug in enumerate(DAYS)],
        "kinds": [("quiet", _("Leave me alone")), ("open", _("Tell me only"))],
        "channels": [(slug, channel.label) for slug, channel in registry.channels().items()],
        "kept": kept,
        "zone": zone,
        "zones": sorted(
            name for name in available_timezones() if "/" in name and not name.startswith("Etc/")
        ),
        "languages": [(code, get_language_info(code)["name_local"]) for code in _languages()],
        "rest": f"{local:%Y-%m-%dT%H:%M}" if local else "",
        "errors": errors,
        "section": "mine",
        "tab": "hours",
    }


def _languages() -> list[str]:
    """The languages of the site in which the pages have words."""
    return [code for code, _name in settings.LANGUAGES if code in SPOKEN]


def _weeks(windows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A picture for each group of channels that have the same hours."""
    alike: dict[str, list[str]] = {}
    held: dict[str, list[Mapping[str, Any]]] = {}
    for slug, channel in registry.channels().items():
        found = hours_for(windows, slug)
        key = repr(found)
        held[key] = found
        alike.setdefault(key, []).append(str(channel.label))
    return [
        {
            "names": names,
            "words": [hours_in_words(one) for one in held[key]],
            "days": [
                {"name": WEEKDAYS_ABBR[day], "y": 26 * day, "text_y": 26 * day + 17,
                 "shut": [{"x": start, "width": end - start} for start, end in spans]}
                for day, spans in enumerate(shut_in_week(held[key]))
            ],
        }
        for key, names in alike.items()
        if held[key]
    ]  # fmt: skip
