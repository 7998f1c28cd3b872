"""Which template is for whom: by place, by language, and by the time at which it was in force."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef

from tocsin.deliveries.wording.models import Template, TemplateVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

T = TypeVar("T")

CACHE_SECONDS = 2.0
"""How long a process believes whether there is any template; one that it saves itself holds at once."""

_used = (0.0, False)


class Words(NamedTuple):
    """A version of a template."""

    version: int
    """Its key."""
    title: str
    body: str


class Past(NamedTuple):
    """A version, and from when on it was in force; without words from there on there was none."""

    at: datetime
    words: Words | None


def is_used() -> bool:
    """Whether there is any template at all, or was one that is not forgotten yet."""
    global _used
    until, known = _used
    if time.monotonic() >= until:
        known = Template.objects.exists()
        _used = (time.monotonic() + CACHE_SECONDS, known)
    return known


def forget() -> None:
    """Believe nothing of that, now and once the transaction ends."""
    _forget()
    transaction.on_commit(_forget)


def _forget() -> None:
    global _used
    _used = (0.0, False)


def locales_of(locale: str) -> list[str]:
    """What a template may be for that is read in this language, the nearest first: "fr-ca", "fr", ""."""
    found = [locale.lower().replace("_", "-")]
    while found[-1]:
        found.append(found[-1].rpartition("-")[0])
    return found


def choose(locale: str, among: Mapping[str, T]) -> T | None:
    """Of what there is by language the one for `locale`. Pure."""
    return next((among[one] for one in locales_of(locale) if one in among), None)


def words_now(
    organizations: Collection[int], event_types: Collection[str], channel: str
) -> dict[tuple[int, str], dict[str, Words]]:
    """The templates in force on a channel, by organization and type, and then by language."""
    if not is_used():
        return {}
    rows = Template.objects.filter(
        channel=channel, organization__in=organizations, event_type__in=event_types, deleted_at__isnull=True
    ).values_list("organization", "event_type", "locale", "current", "title", "body")
    found: dict[tuple[int, str], dict[str, Words]] = {}
    for organization, event_type, locale, *words in rows:
        found.setdefault((organization, event_type), {})[locale] = Words(*words)
    return found


Place = tuple[int, str, str]
"""Organization, type and channel."""


def words_then(
    places: Iterable[Place], locale: str, first: datetime, last: datetime
) -> dict[Place, dict[str, list[Past]]]:
    """What was in force from `first` to `last` for readers of a language, the oldest first, by one query."""
    organizations, event_types, channels = (set(column) for column in zip(*places, strict=True))
    newer = TemplateVersion.objects.filter(
        template=OuterRef("template"), number__gt=OuterRef("number"), at__lte=first
    )
    rows = TemplateVersion.objects.filter(
        ~Exists(newer), template__organization__in=organizations, template__event_type__in=event_types,
        template__channel__in=channels, template__locale__in=locales_of(locale), at__lte=last,
    ).order_by("number")  # fmt: skip
    columns = "template__organization", "template__event_type", "template__channel", "template__locale"
    found: dict[Place, dict[str, list[Past]]] = {}
    for *place, language, at, deleted, pk, title, body in rows.values_list(
        *columns, "at", "deleted", "pk", "title", "body"
    ):
        past = Past(at, None if deleted else Words(pk, title, body))
        found.setdefault((place[0], place[1], place[2]), {}).setdefault(language, []).append(past)
    return found


def in_force(history: Mapping[str, Iterable[Past]], moment: datetime) -> dict[str, Words]:
    """What was in force at a moment, by language. Pure."""
    found = {}
    for locale, versions in history.items():
        before = [past.words for past in versions if past.at <= moment]
        if before and before[-1] is not None:
            found[locale] = before[-1]
    return found
