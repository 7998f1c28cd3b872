"""The seam between the inbox and the engines above it: `apps.ready()` hands in who wakes and who is woken."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[[str], None]
    Subscribe = Callable[[Callback], Callable[[], None]]
    Publish = Callable[[str], None]

TOPIC = "inbox"
ANYTHING = "*"
"""The topic where it is only known that something was written."""

_subscribe: Subscribe | None = None
_publish: Publish | None = None


def connect(subscribe: Subscribe | None, publish: Publish | None) -> None:
    """Say how changes are heard of and told. `subscribe(callback)` answers with a function that ends it."""
    global _subscribe, _publish
    _subscribe, _publish = subscribe, publish


def is_connected() -> bool:
    """Whether a change wakes anybody; if not, readers have to look by themselves."""
    return _subscribe is not None


def changed() -> None:
    """Tell the readers of all processes that inbox rows have changed. Call it after the commit."""
    if _publish is not None:
        _publish(TOPIC)


def subscribe(callback: Callable[[], None]) -> Callable[[], None]:
    """Call `callback`, from some thread, whenever inbox rows may have changed. Returns how to end it."""
    if _subscribe is None:
        return lambda: None
    return _subscribe(lambda topic: callback() if topic in (TOPIC, ANYTHING) else None)
