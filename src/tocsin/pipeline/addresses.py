"""What is done with destinations: tried, proved, taken away, and their owner told."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from tocsin.channels.outcomes import Rejected
from tocsin.deliveries import direct, notice
from tocsin.errors import Conflict, TocsinError
from tocsin.pipeline.intake import notify
from tocsin.recipients import destinations, managed, proof
from tocsin.rules import uses

if TYPE_CHECKING:
    from tocsin.channels.outcomes import Outcome
    from tocsin.recipients.models import Destination


logger = logging.getLogger("tocsin.pipeline")


def remove_destination(destination: Destination, by: str, *, force: bool = False) -> None:
    """Remove a destination. Raises `Conflict` for one that rules tell; with `force` it is taken out of them."""
    with transaction.atomic():
        uses.free(destination, by, force=force)
        destinations.delete(destination)


def test(destination: Destination) -> Outcome:
    """Send a test to a destination at once; the outcome is the far side's.

    Raises `TooSoon`, and `Conflict` for one that must be confirmed first: a test would be a way around that.
    """
    if not destination.managed and proof.is_missing(destination.channel, destination.verified_at):
        raise Conflict("This address is not confirmed yet. Have a code sent to it, and give that back first.")
    destinations.note_test(destination)
    name = {"label": destination.label}
    outcome = direct.send_directly(
        destination, _("A test by tocsin"), _("You can read this, so “%(label)s” works.") % name
    )
    return _heed(destination, outcome)


def send_code(destination: Destination) -> Outcome:
    """Send a destination the code that confirms it. Raises `TooSoon`, and `Conflict` where none is needed."""
    code = proof.begin(destination)
    body = _("Give this code where you entered this address. If that was not you, ignore it.")
    outcome = direct.send_directly(destination, _("Your code is %(code)s") % {"code": code}, body)
    return _heed(destination, outcome)


def _heed(destination: Destination, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Rejected) and outcome.disable_destination:
        destinations.disable(destination, str(outcome.cause.label))
    return outcome


def tell_owner(destination: Destination) -> None:
    """Say on other channels that a destination was disabled. A failure is logged: there is nobody to raise to."""
    fields = notice.of_disabled(destination)
    if fields is None:
        logger.warning(
            "destination %s is disabled, and nobody answers for it", managed.public_id(destination)
        )
        return
    try:
        notify(**fields)
    except (TocsinError, DatabaseError):
        logger.exception("the owner of destination %s could not be told", managed.public_id(destination))
