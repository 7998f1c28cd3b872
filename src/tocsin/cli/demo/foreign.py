"""Code as it is written for Argus and for Sentry. It runs here as it stands: the adapters serve what it imports."""

from __future__ import annotations

from typing import Any

from argus.notificationprofile.media.base import NotificationMedium  # type: ignore[import-not-found]
from sentry.notifications.models.notificationaction import (  # type: ignore[import-not-found]
    ActionRegistration,
    ActionService,
    ActionTarget,
    ActionTrigger,
    NotificationAction,
)

paged: list[tuple[int, str]] = []
noted: list[tuple[str, str]] = []


class Pager(NotificationMedium):  # type: ignore[misc]
    """A notification plugin of Argus."""

    MEDIA_SLUG = "pager"
    MEDIA_NAME = "Pager"
    MEDIA_SETTINGS_KEY = "number"
    MEDIA_JSON_SCHEMA = {
        "title": "Pager",
        "type": "object",
        "required": ["number"],
        "properties": {"number": {"type": "integer", "title": "Number"}},
    }

    @classmethod
    def send(cls, event: Any, destinations: Any, **kwargs: Any) -> bool:
        """Note what a pager would be told."""
        paged.extend(
            (number, event.incident.description) for number in cls.get_relevant_addresses(destinations)
        )
        return True


@NotificationAction.register_action(
    trigger_type=ActionTrigger.AUDIT_LOG.value,
    service_type=ActionService.SLACK.value,
    target_type=ActionTarget.SPECIFIC.value,
)
class AuditLogRegistration(ActionRegistration):  # type: ignore[misc]
    """A registration of a Sentry notification action."""

    def fire(self, data: Any) -> None:
        """Note what a channel would be told."""
        noted.append((self.action.target_display, data["title"]))
