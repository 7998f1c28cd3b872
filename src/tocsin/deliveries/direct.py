"""One message sent at once, outside the ledger: a test, or the code that proves an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import get_language

from tocsin import clock, conf
from tocsin.channels import registry
from tocsin.channels.base import EventView, Message, Target
from tocsin.channels.feeds import Only
from tocsin.deliveries import foreign
from tocsin.deliveries.answers import fit
from tocsin.deliveries.prepare import absolute
from tocsin.events.ids import uuid7
from tocsin.events.types import find
from tocsin.recipients import secrets, users

if TYPE_CHECKING:
    from tocsin.channels.outcomes import Outcome
    from tocsin.recipients.models import Destination

KIND = "drill"


def send_directly(destination: Destination, title: str, body: str) -> Outcome:
    """Send a message to one destination and wait for the outcome, the channel's deadline at most.

    Raises `SecretUnreadable`, and `InvalidInput` for a channel that is gone.
    """
    channel = registry.get(destination.channel)
    message = _message(destination, _target(destination), _view(destination, title, body))
    if foreign.is_foreign(channel):
        outcome: Any = next(answer for _, answer in foreign.send_batch(channel, Only(message)))
    else:
        outcome = channel.attempt(message)
    return fit(outcome, lambda: channel.secrets_of(message))


def _target(destination: Destination) -> Target:
    if destination.managed:
        own = registry.get(destination.channel).address_settings(destination.identity)
    else:
        own = destination.settings | secrets.unseal(destination.secrets)
    return Target(destination.identity, destination.label, own, destination.pk)


def _message(destination: Destination, target: Target, view: EventView) -> Message:
    owner = destination.user_id
    return Message(
        delivery_id=0,
        attempt=1,
        key=view.id,
        events=(view,),
        target=target,
        recipient=users.recipients([owner]).get(owner) if owner is not None else None,
        locale=get_language() or settings.LANGUAGE_CODE,
    )


def _view(destination: Destination, title: str, body: str) -> EventView:
    kind = find(KIND)
    return EventView(
        id=str(uuid7()),
        type=KIND,
        type_label=str(kind.label),
        level=kind.level,
        title=title,
        body=body,
        data={},
        url=absolute("/") if conf.get("BASE_URL") else "",
        actions=(),
        actor="",
        about="",
        group_key="",
        status="open",
        organization=destination.organization.slug if destination.organization else "",
        project="",
        created_at=clock.now(),
    )
