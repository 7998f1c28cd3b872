"""Channels that are not ours run here: one message a thread, with a deadline that does not trust them."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

from django.db import connections

from tocsin.channels.base import Cause, Channel, Later, Outcome, Retry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.channels.base import Feed, Message

logger = logging.getLogger("tocsin.deliveries")

AT_ONCE = 8
GRACE_SECONDS = 1.0
"""A channel that keeps its deadline by itself ends at that moment: it is not left behind for being punctual."""
MOST_ABANDONED = 4
"""Threads of one channel that may hang in this process before it gives the channel up."""

_abandoned: Counter[str] = Counter()


def is_foreign(channel: Channel) -> bool:
    """Whether a channel's code comes from outside this package, or runs some that does."""
    return channel.runs_foreign_code or not type(channel).__module__.startswith("tocsin.")


def given_up() -> set[str]:
    """Channels that this process does not run any more, because their code hung too often."""
    return {slug for slug, number in _abandoned.items() if number >= MOST_ABANDONED}


def send_batch(channel: Channel, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
    """Run `channel.send` for each message. One that outlives its deadline is left behind and tried again."""
    answers: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()
    waiting = deque(feed)
    running: dict[int, tuple[Message, float]] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE and channel.slug not in given_up():
            message = waiting.popleft()
            running[message.delivery_id] = (
                message,
                time.monotonic() + channel.deadline_seconds + GRACE_SECONDS,
            )
            threading.Thread(
                target=_run, args=(channel, message, answers), name=f"tocsin-{channel.slug}-code", daemon=True
            ).start()
        if not running:
            yield from ((message, Later(Cause.BUSY, channel.deadline_seconds)) for message in waiting)
            return
        yield from _next_answers(channel, answers, running)


def _run(channel: Channel, message: Message, answers: queue.SimpleQueue[tuple[int, Outcome]]) -> None:
    try:
        outcome = channel.attempt(message)
    except BaseException as error:  # SystemExit and the like must not end the answer either
        channel.log_failure(message, error)
        outcome = Retry(Cause.BUG, type(error).__name__)
    finally:
        connections.close_all()
    answers.put((message.delivery_id, outcome))


def _next_answers(
    channel: Channel,
    answers: queue.SimpleQueue[tuple[int, Outcome]],
    running: dict[int, tuple[Message, float]],
) -> Iterator[tuple[Message, Outcome]]:
    patience = min(deadline for _, deadline in running.values()) - time.monotonic()
    try:
        pk, outcome = answers.get(timeout=max(0.0, patience))
    except queue.Empty:
        now = time.monotonic()
        for pk in [pk for pk, (_, deadline) in running.items() if deadline <= now]:
            _abandoned[channel.slug] += 1
            logger.error("channel %s hangs on delivery d%s; its thread is left behind", channel.slug, pk)
            yield running.pop(pk)[0], Retry(Cause.TIMEOUT, f"no answer within {channel.deadline_seconds} s")
        return
    if pk in running:
        yield running.pop(pk)[0], outcome
