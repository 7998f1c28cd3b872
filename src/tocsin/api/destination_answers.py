"""How a destination, and what became of a message to it, look over HTTP. No secret passes here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from tocsin.api.owners import owner_text
from tocsin.channels import registry
from tocsin.channels.outcomes import Later, Moot, Sent
from tocsin.recipients import managed, proof, secrets

if TYPE_CHECKING:
    from tocsin.channels.outcomes import Outcome
    from tocsin.recipients.models import Destination


def as_json(destination: Destination) -> dict[str, Any]:
    """A destination: its open settings, and of the secret ones the names."""
    settings = destination.settings
    if destination.managed:
        settings = registry.get(destination.channel).address_settings(destination.identity)
    created, tested = destination.created_at, destination.tested_at
    return {
        "id": managed.public_id(destination),
        "owner": owner_text(destination.organization or destination.user),
        "channel": destination.channel,
        "label": destination.label,
        "settings": settings,
        "secrets": _secrets(destination),
        "managed": destination.managed,
        "verified": _verified(destination),
        "disabled": destination.disabled_at is not None,
        "disabled_reason": destination.disabled_reason,
        "created_at": created and created.isoformat(),
        "tested_at": tested and tested.isoformat(),
    }


def _secrets(destination: Destination) -> list[str] | None:
    try:
        return sorted(secrets.unseal(destination.secrets))
    except secrets.SecretUnreadable:
        return None


def _verified(destination: Destination) -> bool | None:
    if destination.managed or not proof.is_asked(destination.channel):
        return None
    return destination.verified_at is not None


def outcome_as_json(outcome: Outcome, destination: Destination) -> dict[str, Any]:
    """What the far side made of a message that was sent at once."""
    made = {
        "outcome": type(outcome).__name__.lower(),
        "cause": None,
        "sentence": _("The far side took it."),
        "detail": "",
        "provider_id": None,
        "destination_disabled": destination.disabled_at is not None,
    }
    if isinstance(outcome, Sent):
        return made | {"provider_id": outcome.provider_id or None}
    if isinstance(outcome, Moot):
        return made | {"sentence": _("There was nothing to do.")}
    detail = "" if isinstance(outcome, Later) else outcome.detail
    return made | {"cause": outcome.cause.value, "sentence": str(outcome.cause.label), "detail": detail}
