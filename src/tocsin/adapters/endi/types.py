"""Types of notifications: a channel that is used if nobody chooses, and how grave they look."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.conf import nearest
from tocsin.errors import invalid

__all__ = ["NotificationEventType"]

LEVELS = {
    "": "info", "neutral": "info", "info": "info", "success": "info", "valid": "info",
    "caution": "warning", "warning": "warning",
    "danger": "error", "error": "error", "invalid": "error",
}  # fmt: skip
"""What a `status_type` means as a level."""


@dataclass(frozen=True)
class NotificationEventType:
    """Declares an event type when it is made. Raises `InvalidInput`, for a second one that differs too."""

    key: str
    label: str
    default_channel_name: str = "message"
    status_type: str = "neutral"

    def __post_init__(self) -> None:
        from tocsin.channels import registry
        from tocsin.events import types

        if self.status_type not in LEVELS:
            message = f"{self.status_type!r} is not known."
            raise invalid("status_type", message, nearest(self.status_type, filter(None, LEVELS)))
        if self.default_channel_name not in registry.channels():
            message = f"{self.default_channel_name!r} is not known."
            raise invalid(
                "default_channel_name", message, nearest(self.default_channel_name, registry.channels())
            )
        types.event_type(
            self.key, label=self.label, channels=[self.default_channel_name], level=LEVELS[self.status_type]
        )
