"""Inbox items in other words, when they are read: in those of the version that was in force when each was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import get_language

from tocsin.deliveries.prepare import view_of
from tocsin.deliveries.wording.apply import Wordings
from tocsin.deliveries.wording.choose import in_force, is_used, words_then

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.channels.base import EventView

NEEDED = ("event__organization", "event__project")
"""What is to be loaded with an item and its event where `is_used`."""


def told(items: Sequence[Any]) -> dict[int, EventView]:
    """By key the events of those items that a template words, in the active language. At most one query."""
    if not items or not is_used():
        return {}
    locale = get_language() or settings.LANGUAGE_CODE
    places = [(item.organization_id, item.event.type, item.channel) for item in items]
    moments = [item.created_at for item in items]
    history = words_then(set(places), locale, min(moments), max(moments))
    wordings = Wordings()
    found = {}
    for item, place in zip(items, places, strict=True):
        among = in_force(history.get(place, {}), item.created_at)
        if among:
            found[item.pk] = wordings.said(view_of(item.event), among, locale).view
    return found
