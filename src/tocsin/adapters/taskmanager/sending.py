"""Sending by our channels from within a handler that is derived from the taskmanager's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.channels import registry
from tocsin.channels.base import Sent
from tocsin.channels.forms import clean_settings
from tocsin.deliveries.direct import send_directly
from tocsin.recipients.models import Destination

if TYPE_CHECKING:
    from tocsin.adapters.taskmanager.reports import Report


def send(channel: str, targets: list[dict[str, Any]], report: Report, text: str) -> None:
    """Send to each target. Raises `InvalidInput`, and RuntimeError where one did not take it, when all were tried."""
    form = registry.get(channel).form
    failed = []
    for target in targets:
        clean = clean_settings(form, target, by_operator=True)
        to = Destination(channel=channel, identity=clean.identity, settings={**clean.open, **clean.secret})
        outcome = send_directly(to, text, f"```\n{report.log[-2000:]}\n```" if report.log else "")
        if not isinstance(outcome, Sent):
            failed.append(type(outcome).__name__)
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(targets)} did not take it")
