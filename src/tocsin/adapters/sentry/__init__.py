"""Coming from Sentry: notification actions. Their registrations run as ours, their REST calls keep our rules."""

from __future__ import annotations

MODULE = "tocsin.adapters.sentry.actions"
SERVED = {
    "sentry.notifications.models.notificationaction": MODULE,
    "sentry.models.notificationaction": MODULE,
}


def install() -> None:
    """Make triggers, services and targets known to our rules, and carry out what is registered."""
    from tocsin.adapters.sentry import wiring

    wiring.install()
