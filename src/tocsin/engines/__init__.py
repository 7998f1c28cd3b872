"""Who does the work, and how it is woken. An engine is one verb, `hint`; nothing else knows which one runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin import conf

if TYPE_CHECKING:
    import threading
    from typing import Protocol

    class Run(Protocol):
        """One batch of a channel (or of "plan"): returns how many rows were taken."""

        def __call__(self, channel: str, count: int, stop: threading.Event | None = None) -> int: ...

    class Sweep(Protocol):
        """Takes back what was lost; returns the channels (and "plan") that have due work."""

        def __call__(self) -> set[str]: ...


PLAN = "plan"
BATCH = 500
PLAN_BATCH = 200


def hint(channel: str, count: int = 1) -> None:
    """Say that a channel (or "plan") has work. May be lost or doubled without harm; never raises."""
    if conf.get("ENGINE") == "inline":
        from tocsin.engines import inline

        inline.hint(channel)
    else:
        from tocsin.engines import wake

        wake.publish(channel)
