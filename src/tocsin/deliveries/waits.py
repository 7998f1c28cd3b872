"""Why something waits or was not wanted, in full: whose hours are closed and until when, what was switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from tocsin.deliveries.states import Reason
from tocsin.recipients import preferences
from tocsin.schedule.openings import hours_for, opening
from tocsin.schedule.windows import first_zone
from tocsin.schedule.words import hours_in_words, time_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tocsin.events.models import Event
    from tocsin.recipients.users import Known

OPT_OUTS: dict[str, str] = {
    Reason.OPTED_OUT: preferences.OWN,
    Reason.ORGANIZATION_OFF: preferences.ORGANIZATION,
}


def closed(event: Event, known: Known, channel: str, layer: str, moment: datetime) -> Iterator[str]:
    """A sentence for each rest and each window that keeps a delivery at a moment: theirs, and the rule's."""
    zone = first_zone(known.time_zone, event.organization.time_zone)
    if known.dnd_until is not None and known.dnd_until > moment:
        yield _("They are not to be disturbed until %(time)s.") % {
            "time": time_in_words(known.dnd_until, zone)
        }
    for hours in hours_for(known.windows, channel):
        yield from _said(_("Their hours for %(name)s") % {"name": channel}, hours, zone, moment)
    if hours := event.trace.get("hours", {}).get(layer):
        yield from _said(_("The hours of “%(name)s”") % {"name": layer}, hours, zone, moment)


def _said(what: str, hours: Mapping[str, Any], zone: str, moment: datetime) -> Iterator[str]:
    opens = opening([hours], zone, moment)
    if opens is not None and opens > moment:
        words = {"what": what, "hours": hours_in_words(hours), "time": time_in_words(opens, zone)}
        yield _("%(what)s (%(hours)s) are closed until %(time)s.") % words


def switched_off(event: Event, user: Any, channel: str, reason: str) -> str:
    """What it was that they, or their organization, switched off; empty where that is not so any more."""
    layer = OPT_OUTS.get(reason)
    if layer is None:
        return ""
    keys = preferences.keys_of(event.type)
    own = preferences.said_by_people([user], channel, keys).get(user, {})
    theirs = preferences.said_by_organizations([event.organization_id], channel).get(
        event.organization_id, {}
    )
    wish = preferences.decide(own, theirs, event.type)
    if wish.wanted or wish.layer != layer:
        return _("They have changed that since.")
    return _("What was switched off is “%(key)s” on %(channel)s.") % {"key": wish.key, "channel": channel}


def in_full(sentences: Iterable[str]) -> str:
    """Sentences after one another, those that say something."""
    return " ".join(filter(None, sentences))
