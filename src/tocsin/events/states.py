"""States of an event. Vocabulary only."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class EventState(TextChoices):
    """Where an event is on its way to being planned."""

    WAITING = "waiting", _("Accepted; waits until it is due.")
    PLANNING = "planning", _("A worker is working out who hears of it.")
    PLANNED = "planned", _("Everyone concerned has a delivery or a reason.")
    AWAITING_CONFIRMATION = (
        "awaiting_confirmation",
        _("Concerns so many people that someone must confirm it."),
    )
    CANCELLED = "cancelled", _("Cancelled before everything was sent.")
    EXPIRED = "expired", _("Was no longer wanted when it was due.")
    DEAD = "dead", _("Planning it failed again and again.")


class Status(TextChoices):
    """Whether what the event speaks of is still going on."""

    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    """Still going on, and somebody is at it."""
    RESOLVED = "resolved", _("Resolved")
