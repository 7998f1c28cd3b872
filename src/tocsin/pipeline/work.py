"""What the engines carry: one batch of a channel or of planning, and the sweep for what is due or lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tocsin import engines
from tocsin.channels import registry
from tocsin.deliveries import due, held, plan, send
from tocsin.deliveries.claim import is_held_up
from tocsin.deliveries.record import reclaim
from tocsin.engines import PLAN, wake
from tocsin.pipeline.addresses import tell_owner
from tocsin.schedule import series

if TYPE_CHECKING:
    import threading


LONGEST_REST = 0.25
"""Seconds. As long as it worked, planning rests where sending in this process is behind."""


def run(channel: str, count: int, stop: threading.Event | None = None) -> int:
    """One batch of a channel, or of planning. Returns how many rows were taken: none of a channel not known here."""
    known = registry.carriers()
    if channel != PLAN:
        if channel not in known:
            return 0
        sent = send.deliver(channel, count, stop, tell_owner)
        if sent and known[channel].in_app:
            wake.publish(wake.INBOX)
        return sent
    began = time.monotonic()
    taken, touched = plan.plan(count)
    for slug in touched:
        if slug in known and known[slug].in_app:
            wake.publish(wake.INBOX)
        else:
            engines.hint(slug)
    if stop is not None and taken == count and any(is_held_up(slug) for slug in touched):
        # What it plans next would only wait for those who send, and who share the processor with it.
        stop.wait(min(time.monotonic() - began, LONGEST_REST))
    return taken


def sweep() -> set[str]:
    """Make what recurs, take back what lost workers held; the channels (and "plan") that have due work."""
    series.recur()
    reclaim()
    plan.reclaim_events()
    return due.channels_with_work()


def renew() -> None:
    """Prolong the leases of everything in hand in this process."""
    send.renew_leases()
    held.renew_leases()


def let_go() -> None:
    """Answer for everything in hand in this process, which is about to end."""
    send.let_go()


def batch_size(channel: str) -> int:
    """How many deliveries of a channel are claimed at once; 0 of one that is not known here."""
    found = registry.carriers().get(channel)
    return 0 if found is None else found.batch_size
