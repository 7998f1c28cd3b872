"""Adding and disabling destinations: settings are cleaned by the channel's form, secrets are sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from tocsin import clock
from tocsin.channels import registry
from tocsin.channels.forms import clean_settings
from tocsin.errors import invalid
from tocsin.recipients import secrets
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_LABEL = 100


def add_destination(owner: Any, channel: str, settings: Mapping[str, Any], *, label: str = "") -> Destination:
    """Store a destination of a user or an organization.

    Raises `InvalidInput` for settings the channel refuses, and for a label or an address the owner has
    already on this channel.
    """
    found = registry.get(channel)
    if found.in_app:
        raise invalid("channel", f"{channel!r} needs no destination.", "Every user has an inbox already.")
    cleaned = clean_settings(found.form, dict(settings))
    label = label.strip() or found.target_label(cleaned.open | cleaned.secret)[:MAX_LABEL]
    if len(label) > MAX_LABEL or not label.isprintable():
        raise invalid("label", f"must be one line of at most {MAX_LABEL} characters.")
    key = {"organization" if isinstance(owner, Organization) else "user": owner, "channel": channel}
    with transaction.atomic():
        _refuse_twins(key, label, cleaned.identity)
        return Destination.objects.create(
            **key,
            label=label,
            settings=cleaned.open,
            secrets=secrets.seal(cleaned.secret),
            identity=cleaned.identity,
        )


def _refuse_twins(key: dict[str, Any], label: str, identity: str) -> None:
    existing = Destination.objects.filter(**key, managed=False)
    if existing.filter(identity=identity).exists():
        raise invalid("settings", "The owner has a destination with this address already.", "Use that one.")
    if existing.filter(label=label).exists():
        raise invalid("label", f"{label!r} is taken on this channel.", "Choose another label.")


def disable(pks: Iterable[int], reason: str) -> None:
    """Stop using these destinations, and remember why."""
    Destination.objects.filter(pk__in=list(pks)).usable().update(
        disabled_at=clock.now(), disabled_reason=reason
    )


def disable_account_address(user_pk: Any, channel: str, address: str, reason: str) -> None:
    """Remember that a user's account address does not work; the row is made now."""
    Destination.objects.update_or_create(
        user_id=user_pk,
        channel=channel,
        managed=True,
        defaults={
            "label": address[:MAX_LABEL],
            "identity": address,
            "disabled_at": clock.now(),
            "disabled_reason": reason,
        },
    )
