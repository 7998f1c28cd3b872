"""For tests: deliver at once, stop the clock, and the suite that proves a channel right.

Nothing heavy is loaded before it is asked for: pytest only with `ChannelContract`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.clock import frozen
    from tocsin.testing.contract import ChannelContract
    from tocsin.testing.deliver import deliver_now
    from tocsin.testing.far_side import FarSide, Reply
    from tocsin.testing.http_far_side import HttpFarSide
    from tocsin.testing.messages import make_message

__all__ = ["ChannelContract", "FarSide", "HttpFarSide", "Reply", "deliver_now", "frozen", "make_message"]

_HOMES = {
    "ChannelContract": "tocsin.testing.contract",
    "FarSide": "tocsin.testing.far_side",
    "HttpFarSide": "tocsin.testing.http_far_side",
    "Reply": "tocsin.testing.far_side",
    "deliver_now": "tocsin.testing.deliver",
    "frozen": "tocsin.clock",
    "make_message": "tocsin.testing.messages",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tocsin.testing' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
