"""Deliver everything that is due, now and in this thread: for the tests of projects that use tocsin."""

from __future__ import annotations

from tocsin import pipeline
from tocsin.channels import http
from tocsin.engines import BATCH, PLAN, PLAN_BATCH
from tocsin.sources.sweep import sweep
from tocsin.sources.tasks import spool

MOST_ROUNDS = 1000


def deliver_now() -> int:
    """Plan and send everything that is due, in this thread. Returns how many rows were worked on.

    Works inside a test's transaction, where nothing commits and the engine is never woken. Hosts that rest are
    asked again, for in a test no time passes.
    """
    http.forget_rests()
    spool.send_waiting()
    total = 0
    for _ in range(MOST_ROUNDS):
        taken = sum(
            pipeline.run(channel, PLAN_BATCH if channel == PLAN else BATCH)
            for channel in sorted(sweep(), key=lambda name: name != PLAN)
        )
        if not taken:
            return total
        total += taken
    raise AssertionError(
        "deliver_now() found work again and again: is a channel answering Later without end?"
    )
