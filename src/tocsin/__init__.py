"""tocsin: notifications for Python teams, durable, fast, and every decision explained.

Importing this module loads nothing heavy; the verbs load what they need when they are first called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.events.types import check, event_type
    from tocsin.pipeline import cancel, cancel_on_delete, forget, notify, repeat, reschedule
    from tocsin.recipients.audiences import audience, to
    from tocsin.rules.registrations import Action, register_action, register_service, register_target
    from tocsin.sources.tasks.task import task
    from tocsin.tenants.inbox_tokens import inbox_token

__version__ = "0.1.0"
__all__ = [
    "Action",
    "audience",
    "cancel",
    "cancel_on_delete",
    "check",
    "event_type",
    "forget",
    "inbox_token",
    "notify",
    "register_action",
    "register_service",
    "register_target",
    "repeat",
    "reschedule",
    "task",
    "to",
]

_HOMES = {
    "Action": "tocsin.rules.registrations",
    "audience": "tocsin.recipients.audiences",
    "cancel": "tocsin.pipeline",
    "cancel_on_delete": "tocsin.pipeline",
    "check": "tocsin.events.types",
    "event_type": "tocsin.events.types",
    "forget": "tocsin.pipeline",
    "inbox_token": "tocsin.tenants.inbox_tokens",
    "notify": "tocsin.pipeline",
    "register_action": "tocsin.rules.registrations",
    "register_service": "tocsin.rules.registrations",
    "register_target": "tocsin.rules.registrations",
    "repeat": "tocsin.pipeline",
    "reschedule": "tocsin.pipeline",
    "task": "tocsin.sources.tasks.task",
    "to": "tocsin.recipients.audiences",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tocsin' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
