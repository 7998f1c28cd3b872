"""What the tests of budgets share: rounds at moments of a clock that stands still, and workers at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Delivery
from tocsin.testing import deliver_now, frozen

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

START = datetime(2037, 3, 2, 9, 0, tzinfo=UTC)
SLOW = "slow.example.com"
WORKERS = 4


def at(seconds: float) -> AbstractContextManager[None]:
    """The clock, that many seconds after START."""
    return frozen(START + timedelta(seconds=seconds))


def states() -> Counter[tuple[str, str]]:
    """How many deliveries there are by state and reason."""
    return Counter(Delivery.objects.values_list("state", "reason"))


def sent_at(seconds: float) -> int:
    """How many messages one more round sends at a moment."""
    before = len(MemoryChannel.sent)
    with at(seconds):
        deliver_now()
    return len(MemoryChannel.sent) - before


def in_threads(step: Callable[[], None], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Let WORKERS take a step at the same time."""
    barrier = threading.Barrier(WORKERS)

    def run() -> None:
        barrier.wait(20)
        step()

    threads = [threading.Thread(target=run) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join(30)
