"""An event as rules see it: plain values, found by dotted paths. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

TOP = (
    "type", "level", "title", "body", "status", "group_key", "actor", "about", "url", "organization", "project",
)  # fmt: skip
"""The fields that every event has; `data.…` comes beside them."""
DATA = "data"


class Missing:
    """Nothing was written there. That is not null: null was written by somebody."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = Missing()


def facts_of(event: Any, *, organization: str, project: str) -> dict[str, Any]:
    """The facts of anything with an event's fields; `organization` and `project` are slugs, "" for no project."""
    return {
        "type": event.type,
        "level": Level(event.level).slug,
        "title": event.title,
        "body": event.body,
        "status": event.status,
        "group_key": event.group_key,
        "actor": event.actor,
        "about": event.about,
        "url": event.url,
        "organization": organization,
        "project": project,
        DATA: event.data,
    }


def seen_at(facts: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, MISSING where it leads nowhere."""
    found: Any = facts
    for step in path.split("."):
        if not isinstance(found, dict) or step not in found:
            return MISSING
        found = found[step]
    return found
