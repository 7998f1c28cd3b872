"""Who does the work, and how it is woken. An engine is one verb, `hint`; nothing else knows which one runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin import conf

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import Protocol

    class Run(Protocol):
        """One batch of a channel (or of "plan"): returns how many rows were taken."""

        def __call__(self, channel: str, count: int, stop: threading.Event | None = None) -> int: ...


PLAN = "plan"
BATCH = 500
PLAN_BATCH = 500
DRAIN_SECONDS = 25.0
"""So long a worker that is told to end waits for what it has in hand."""


class Work(NamedTuple):
    """What every engine carries. `apps.ready()` hands it over, so that no engine imports the pipeline."""

    run: Run
    sweep: Callable[[], set[str]]
    """Takes back what was lost; returns the channels (and "plan") that have due work."""
    renew: Callable[[], None]
    batch_size: Callable[[str], int]
    let_go: Callable[[], None]
    """Answers for what is still in hand when a process ends, so that its leases need not end first."""

    def count(self, channel: str) -> int:
        """How many rows of a channel, or of "plan", one batch takes."""
        return PLAN_BATCH if channel == PLAN else min(BATCH, self.batch_size(channel))


_work: list[Work] = []


def install(work: Work) -> None:
    """Hand over the work; called once. Nothing starts before the first hint or request."""
    _work[:] = [work]


def work() -> Work | None:
    """What was handed over; None before."""
    return _work[0] if _work else None


def hint(channel: str, count: int = 1) -> None:
    """Say that a channel (or "plan") has work. May be lost or doubled without harm; never raises."""
    engine = conf.get("ENGINE")
    if engine == "inline":
        from tocsin.engines import inline

        inline.hint(channel)
    elif engine == "celery":
        from tocsin.engines import broker

        broker.hint(channel)
    else:
        from tocsin.engines import wake

        wake.publish(channel)
