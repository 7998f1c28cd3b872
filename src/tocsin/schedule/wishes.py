"""How a person wants to be told: their windows, their zone, until when they rest, and their language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from tocsin import clock
from tocsin.errors import FieldError, InvalidInput
from tocsin.events.draft import clean_time
from tocsin.recipients import users
from tocsin.recipients.models import Person
from tocsin.schedule.openings import parse_windows
from tocsin.schedule.windows import check_zone, first_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

FIELDS = ("time_zone", "dnd_until", "windows", "locale")


def wishes_of(user_pk: Any) -> dict[str, Any]:
    """What a person said: time zone, rest, windows and language, each empty where they said nothing."""
    kept = Person.objects.filter(user=user_pk).values(*FIELDS).first() or dict.fromkeys(FIELDS)
    texts = {name: kept[name] or "" for name in ("time_zone", "locale")}
    return {**kept, **texts, "windows": kept["windows"] or []}


def zone_of(user_pk: Any) -> str:
    """The zone by whose clock a person lives: what they said, what the host knows, else the site's."""
    known = users.known([user_pk], "").get(user_pk)
    return first_zone(wishes_of(user_pk)["time_zone"], known.time_zone if known else "")


@transaction.atomic
def save_wishes(user_pk: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Change what is given of `FIELDS`; None takes it back. Returns what holds now.

    Raises `InvalidInput` with every error; then nothing is changed.
    """
    kept = wishes_of(user_pk)
    errors: list[FieldError] = []

    def cleaned(name: str, clean: Callable[[Any], Any]) -> Any:
        if name not in given:
            return kept[name]
        try:
            return clean(given[name])
        except InvalidInput as error:
            errors.extend(error.errors)
            return kept[name]

    now = clock.now()
    zone = cleaned("time_zone", check_zone)
    rest = cleaned("dnd_until", lambda value: _later("dnd_until", value, now))
    windows = cleaned("windows", lambda value: parse_windows(value or [], zone or settings.TIME_ZONE, now))
    locale = cleaned("locale", _language)
    if errors:
        raise InvalidInput(*errors)
    Person.objects.update_or_create(
        user_id=user_pk,
        defaults={"time_zone": zone, "dnd_until": rest, "windows": windows or None, "locale": locale},
    )
    return wishes_of(user_pk)


def _language(given: object) -> str:
    """A language that the site speaks, by Django's code for it; "" for none."""
    if given in (None, ""):
        return ""
    if not isinstance(given, str) or given not in dict(settings.LANGUAGES):
        told = f"{str(given)[:40]!r} is no language here."
        raise InvalidInput(FieldError("locale", told, "Give a code such as 'fr'."))
    return given


def _later(name: str, value: object, now: datetime) -> datetime | None:
    moment = clean_time(name, value)
    if moment is not None and moment <= now:
        raise InvalidInput(FieldError(name, "is past.", "Give a later time, or none to be told at once."))
    return moment
