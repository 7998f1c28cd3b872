"""Coming from django-uwsgi-taskmanager: its notification handlers, as the settings have them, and its reports."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings

from tocsin import conf
from tocsin.channels import offers

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "UWSGI_TASKMANAGER_NOTIFICATION_HANDLERS"
SERVED = {
    "taskmanager.notifications": "tocsin.adapters.taskmanager.notifications",
    "taskmanager.models": "tocsin.adapters.taskmanager.reports",
}
CARRIER = "taskmanager"


def install() -> None:
    """Make rules of the handlers, and have reports of an installed taskmanager told by them."""
    from tocsin.adapters.taskmanager import handlers, reports
    from tocsin.rules import operator

    conf.watch(SETTING)
    offers.add_source(_carriers)
    operator.add_source(handlers.as_rules)
    if apps.is_installed("taskmanager"):
        from taskmanager.models import Report  # type: ignore[import-not-found, unused-ignore]

        Report.emit_notifications = reports.emit_notifications


def _carriers() -> Iterator[offers.Offer]:
    if CARRIER in conf.get("ADAPTERS"):
        yield offers.by_path(CARRIER, f"{__name__}.channel.HandlerChannel", SETTING, "tocsin", carries=True)


def given() -> Any:
    """The setting. The taskmanager itself takes "class" out of it when it starts: what it was before counts."""
    now = getattr(settings, SETTING, {})
    if not isinstance(now, dict):
        return now
    return {
        name: {**_before.get(name, {}), **entry}
        if isinstance(entry, dict) and "class" not in entry
        else entry
        for name, entry in now.items()
    }


_before: dict[str, Any] = copy.deepcopy(getattr(settings, SETTING, None) or {})
