"""A rule in words, for a line of the list; and what two of its versions differ in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.recipients.audiences import EXCEPT
from tocsin.rules.bodies import DEFAULTS
from tocsin.schedule.windows import DAYS
from tocsin.schedule.words import hours_in_words
from tocsin.tenants.models import Organization
from tocsin.web.rows import channel_name
from tocsin.web.rules.builder import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.rules.spec import Place

DAY_NAMES = [(slug, WEEKDAYS_ABBR[index]) for index, slug in enumerate(DAYS)]
NAMES = {
    "name": gettext_lazy("Name"),
    "event_types": gettext_lazy("Kinds of events"),
    "level": gettext_lazy("Level"),
    "projects": gettext_lazy("Projects"),
    "condition": gettext_lazy("Conditions"),
    "hours": gettext_lazy("Hours"),
    "to": gettext_lazy("Who"),
    "channels": gettext_lazy("Channels"),
    "destinations": gettext_lazy("Destinations"),
    "service": gettext_lazy("Service"),
    "target": gettext_lazy("Target"),
    "target_identifier": gettext_lazy("Which target"),
    "options": gettext_lazy("Options"),
    "active": gettext_lazy("In use"),
    "stop": gettext_lazy("Last to be asked"),
    "position": gettext_lazy("Position"),
}
"""What the fields of a rule are called on a page."""


def of(body: Mapping[str, Any]) -> str:
    """Such as "task:* from error, 2 conditions, not Mon 22:00–07:00: role:admin by E-mail"."""
    when = [", ".join(body["event_types"])]
    if body["level"] != DEFAULTS["level"]:
        when.append(_("from %(level)s") % {"level": body["level"]})
    if number := sum(not row.is_group for row in rows_of(body["condition"])):
        when.append(_("conditions: %(number)d") % {"number": number})
    if body["hours"]:
        when.append(hours_in_words(body["hours"]))
    return f"{', '.join(when)}: {_aim(body)}"


def _aim(body: Mapping[str, Any]) -> str:
    if body["service"]:
        return " ".join(filter(None, (body["service"], body["target"], body["target_identifier"])))
    if body["destinations"]:
        return _("destinations: %(number)d") % {"number": len(body["destinations"])}
    who = ", ".join(term for term in body["to"] if term != str(EXCEPT)) or _("me")
    if not body["channels"]:
        return who
    names = ", ".join(str(channel_name(slug)) for slug in body["channels"])
    return _("%(who)s by %(channels)s") % {"who": who, "channels": names}


def differences(differs: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
    """Each field that changed, what it was and what it became. Of a new rule only what is not as in any new rule."""
    return [
        (str(NAMES.get(name, name)), "" if before is None else _plain(before), _plain(after))
        for name, (before, after) in differs.items()
        if before is not None or after != DEFAULTS.get(name)
    ]


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def organization_name(place: Place) -> str:
    """What the organization of a place is called."""
    found = Organization.objects.get(pk=place.organization)
    return found.name or found.slug
