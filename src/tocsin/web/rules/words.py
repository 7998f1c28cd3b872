"""A rule in words, for a line of the list; and what two of its versions differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from tocsin.levels import parse_level
from tocsin.recipients.audiences import EXCEPT
from tocsin.rules.bodies import DEFAULTS
from tocsin.schedule.windows import DAYS
from tocsin.schedule.words import hours_in_words
from tocsin.web.changes import Difference, differences
from tocsin.web.rows import channel_name
from tocsin.web.rules.builder import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY_NAMES = [(slug, WEEKDAYS_ABBR[index]) for index, slug in enumerate(DAYS)]


def of(body: Mapping[str, Any]) -> str:
    """Such as "task:* from Error, conditions: 2, not Mon 22:00–07:00: role:admin by E-mail"."""
    when = [", ".join(body["event_types"])]
    if body["level"] != DEFAULTS["level"]:
        when.append(_("from %(level)s") % {"level": parse_level(body["level"]).label})
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


def of_version(differs: Mapping[str, Sequence[Any]]) -> list[Difference]:
    """What a version changed. Of a new rule only what is not as in any new rule."""
    told = {
        name: pair for name, pair in differs.items() if pair[0] is not None or pair[1] != DEFAULTS.get(name)
    }
    before, after = ({name: pair[side] for name, pair in told.items()} for side in (0, 1))
    return differences(before, after)
