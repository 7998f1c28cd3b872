"""Sending by our channels from within code of other systems: at once, outside the ledger."""

from __future__ import annotations

from typing import Any

from tocsin.channels import registry
from tocsin.channels.base import Sent
from tocsin.channels.forms import clean_settings
from tocsin.deliveries.direct import send_directly
from tocsin.recipients.models import Destination


def send_to(channel: str, targets: list[dict[str, Any]], title: str, body: str) -> None:
    """Send to each target. Raises `InvalidInput`, and RuntimeError where one did not take it, when all were tried."""
    form = registry.get(channel).form
    failed = 0
    for target in targets:
        clean = clean_settings(form, target, by_operator=True)
        to = Destination(channel=channel, identity=clean.identity, settings={**clean.open, **clean.secret})
        failed += not isinstance(send_directly(to, title, body), Sent)
    if failed:
        raise RuntimeError(f"{failed} of {len(targets)} did not take it")
