"""Destinations as `tocsin destinations list` shows them: without secrets, with those that have no row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.api.destination_answers import as_json, outcome_as_json
from tocsin.channels import registry
from tocsin.recipients import managed, users
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Organization
from tocsin.web.destination_words import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.web.destination_words import Tried


def found(owner: Any, channel: str) -> list[Destination]:
    """All destinations, or an owner's, or those on one channel; of a user the managed ones come first.

    Where no user is named, managed ones are listed only if something is remembered of them.
    """
    rows = Destination.objects.select_related("user", "organization").order_by("pk")
    if channel:
        rows = rows.filter(channel=channel)
    if owner is None:
        return list(_current(rows))
    if isinstance(owner, Organization):
        return list(rows.filter(organization=owner))
    own = [one for one in managed.entries(owner.pk) if channel in ("", one.channel)]
    return [*own, *rows.filter(user=owner, managed=False)]


def _current(rows: Any) -> Iterator[Destination]:
    """Without what is remembered of account addresses that are used no more, or have been changed."""
    rows = list(rows)
    known = users.recipients({one.user_id for one in rows if one.managed})
    for one in rows:
        owner = known.get(one.user_id)
        same = owner is not None and users.ascii_lower(owner.email) == one.identity
        if not one.managed or (same and one.channel in registry.channels()):
            yield one


def row(destination: Destination) -> dict[str, Any]:
    """What may be shown of a destination: what the API shows, and its state in words."""
    return as_json(destination) | {"state": state_of(destination)}


def test_row(destination: Destination, tried: Tried) -> dict[str, Any]:
    """What became of a test, as the API says it; the outcome is "none" where nothing was sent."""
    shown = {"id": managed.public_id(destination), "channel": destination.channel, "label": destination.label}
    if tried.outcome is None:
        return shown | {"outcome": "none", "sentence": tried.problem}
    return shown | outcome_as_json(tried.outcome, destination)


def settings_text(row: dict[str, Any]) -> str:
    """The settings in a cell of a table; of a managed one what it follows."""
    if row["managed"]:
        return "the account's address, read-only"
    return json.dumps(row["settings"], ensure_ascii=False) if row["settings"] else ""
