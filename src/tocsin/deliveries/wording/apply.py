"""An event in other words: its view with the title and body that a template makes of it, or as it is."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.channels.shorten import shortened
from tocsin.channels.subject import in_language
from tocsin.channels.text import one_line
from tocsin.deliveries.wording.choose import choose
from tocsin.deliveries.wording.language import compiled, made
from tocsin.events import types
from tocsin.events.draft import MAX_TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.channels.base import EventView
    from tocsin.deliveries.wording.choose import Words

logger = logging.getLogger("tocsin.deliveries")

MOST_SECONDS = 5.0
"""Of one version in one claim or on one page: a slow template does not hold up the others."""
_MOST_TOLD = 4096

_told: set[int] = set()


class Said(NamedTuple):
    """An event as it is to be told."""

    view: EventView
    version: int | None = None
    """The key of the version that worded it; None where these are the event's own words."""
    fault: str = ""
    """Why its template was not used."""


class Wordings:
    """The templates of one claim or page. What is made of an event by a version is made once for a language."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, int, str], Said] = {}
        self._seconds: dict[int, float] = defaultdict(float)

    def said(self, view: EventView, among: Mapping[str, Words], locale: str) -> Said:
        """The event in the words of the template for `locale`. Its own where there is none, or it fails."""
        words = choose(locale, among)
        if words is None:
            return Said(view)
        key = (view.id, words.version, locale)
        if key not in self._made:
            self._made[key] = self._worded(view, words, locale)
        return self._made[key]

    def _worded(self, view: EventView, words: Words, locale: str) -> Said:
        began = time.monotonic()
        try:
            if self._seconds[words.version] > MOST_SECONDS:
                raise TimeoutError(f"it took more than {MOST_SECONDS} s for other events")
            title, body = worded(view, words.title, words.body, locale)
            return Said(replace(view, title=title, body=body), words.version)
        except Exception as error:  # whatever a template does, it loses no message
            fault = f"Template version {words.version} was not used: {type(error).__name__}: {error}"
            _log_once(words.version, view.type, fault)
            return Said(view, None, fault)
        finally:
            self._seconds[words.version] += time.monotonic() - began


def worded(view: EventView, title: str, body: str, locale: str) -> tuple[str, str]:
    """Title and body of an event as two templates say them; an empty one keeps the event's own.

    Raises what `language.made` raises.
    """
    with in_language(locale):
        values = {"event": values_of(view)}
        said = one_line(made(compiled(title), values, markdown=False)) if title else ""
        told = made(compiled(body), values, markdown=True) if body else view.body
    return shortened(said, lambda text: len(text) <= MAX_TITLE) or view.title, told


def values_of(view: EventView) -> dict[str, Any]:
    """What a template knows of an event, its type's label in the active language."""
    return {
        "id": view.id,
        "type": view.type,
        "type_label": str(types.find(view.type).label),
        "level": view.level.slug,
        "title": view.title,
        "body": view.body,
        "data": view.data,
        "url": view.url,
        "actor": view.actor,
        "about": view.about,
        "group_key": view.group_key,
        "status": view.status,
        "organization": view.organization,
        "project": view.project,
        "created_at": view.created_at,
    }


def _log_once(version: int, event_type: str, fault: str) -> None:
    if version in _told:
        return
    if len(_told) >= _MOST_TOLD:
        _told.clear()
    _told.add(version)
    logger.warning("%s (of %s). Such events are told in their own words.", fault, event_type)
