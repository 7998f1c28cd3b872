"""Addresses that are gone for good, as the far side says: they are used no more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tocsin.recipients import destinations, managed
from tocsin.recipients.models import Destination

if TYPE_CHECKING:
    from tocsin.deliveries.claim import Claimed

logger = logging.getLogger("tocsin.deliveries")


def disable(channel: str, row: Claimed, why: str) -> Destination | None:
    """Stop using an address that the far side says does not work; None if there was nothing to disable."""
    if row.destination_id is not None:
        found = Destination.objects.filter(pk=row.destination_id, identity=row.identity).first()
    elif row.user_id is not None:
        found = managed.entry(row.user_id, channel, row.identity)
    else:
        if row.destination_ref:
            logger.error("%s says for good: %s Mend TOCSIN['RULES'].", row.destination_ref, why)
        return None  # a bare address, or a part of the settings
    return found if found is not None and destinations.disable(found, why) else None
