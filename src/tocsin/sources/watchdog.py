"""The watchdog: an event when accepted work does not reach its end in time, once an hour for each channel."""

from __future__ import annotations

import logging
import time

from django.utils.translation import gettext as _

from tocsin import clock, conf, pipeline
from tocsin.channels import registry
from tocsin.deliveries import pauses
from tocsin.deliveries.figures import oldest_due
from tocsin.errors import DedupeConflict
from tocsin.sources.tasks.words import duration

logger = logging.getLogger("tocsin.watchdog")

EVENT_TYPE = "tocsin:late"
LOOK_SECONDS = 60.0

_looked_at = 0.0


def look() -> None:
    """Tell of what is late, if nobody in this process looked within the last minute."""
    global _looked_at
    now = time.monotonic()
    if conf.get("WATCHDOG_MINUTES") and (not _looked_at or now - _looked_at >= LOOK_SECONDS):
        _looked_at = now
        tell_late()


def tell_late() -> list[str]:
    """Tell of each channel whose oldest due work has waited too long, and of planning. Returns their names.

    What an operator has paused is late because somebody wants it so.
    """
    now = clock.now()
    most = conf.get("WATCHDOG_MINUTES") * 60
    stopped = pauses.paused()
    late = []
    for name, due in oldest_due().items():
        age = (now - due).total_seconds()
        if age <= most or name in stopped or "" in stopped:
            continue
        late.append(name)
        logger.warning("%s: the oldest due work has waited for %s", name, duration(age))
        channel = registry.carriers().get(name)
        words = {"name": channel.label if channel else name, "age": duration(age)}
        try:
            pipeline.notify(
                EVENT_TYPE,
                title=_("%(name)s is late by %(age)s") % words,
                body=_("The oldest due work of %(name)s has waited for %(age)s. See `tocsin doctor`.")
                % words,
                group_key=f"late:{name}",
                data={"channel": name, "seconds": round(age)},
                dedupe_key=f"late:{name}:{now:%Y-%m-%dT%H}",
            )
        except DedupeConflict:
            continue  # it was told within this hour
    return late
