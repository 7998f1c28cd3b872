"""What the statements of planning are about: one event and all it concerns, or many and whom each names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

from tocsin import clock
from tocsin.deliveries.states import Reason, State
from tocsin.events import types
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.deliveries.insert_select import Pairs
    from tocsin.events.models import Event


@dataclass(slots=True)
class Wave:
    """Events of one organization and type that go to the same channels and are planned together.

    `named` holds for each event the keys of the users it names; None means that the only event concerns
    everyone in the people it is planned with.
    """

    events: list[Event]
    layer: str
    channels: tuple[str, ...]
    version: int | None = None
    """Of the rule that is the layer."""
    has_hours: bool = False
    """The rule tells only within hours of its own, so that every row is looked at when it is due."""
    named: list[set[Any]] | None = None
    now: datetime = field(default_factory=clock.now)
    _locale: str = ""

    @property
    def organization(self) -> int:
        return self.events[0].organization_id

    @property
    def type(self) -> str:
        return self.events[0].type

    @property
    def mandatory(self) -> bool:
        return types.find(self.type).mandatory

    @property
    def locale(self) -> str:
        """The language of those who chose none: the organization's, else the site's."""
        if not self._locale:
            chosen = (
                Organization.objects.filter(pk=self.organization).values_list("locale", flat=True).first()
            )
            self._locale = chosen or settings.LANGUAGE_CODE
        return self._locale

    def columns(self, channel: str) -> dict[str, Any]:
        """The columns of a delivery that all rows of a statement share."""
        shared: dict[str, Any] = {
            "organization": self.organization,
            "channel": channel,
            "layer": self.layer,
            "turn": 0,
            "state": State.PENDING.value,
            "reason": Reason.NONE.value,
            "created_at": self.now,
            "fence": 0,
            "claims": 0,
            "attempt": 0,
            "address": "",
            "destination_ref": "",
            "provider_id": "",
            "locale": "",
        }
        if self.version is not None:
            shared["rule_version"] = self.version
        return shared if self.named is not None else shared | of_event(self.events[0])

    def pairs(self) -> Pairs | None:
        """(user key, the columns that differ by event) for each person an event names."""
        if self.named is None:
            return None
        each = zip(self.events, self.named, strict=True)
        return [(key, of_event(event)) for event, keys in each for key in keys]

    def item_columns(self, channel: str) -> dict[str, Any]:
        """The columns of an inbox item that all rows of a statement share."""
        shared: dict[str, Any] = {
            "organization": self.organization,
            "channel": channel,
            "layer": self.layer,
            "created_at": self.now,
        }
        return shared if self.named is not None else shared | {"event": self.events[0].pk}

    def item_pairs(self) -> Pairs | None:
        """(user key, event) for each person an event names."""
        if self.named is None:
            return None
        each = zip(self.events, self.named, strict=True)
        return [(key, {"event": event.pk}) for event, keys in each for key in keys]


def of_event(event: Event) -> dict[str, Any]:
    """The columns of a delivery that come from its event."""
    return {
        "event": event.pk,
        "priority": event.priority,
        "group_key": event.group_key,
        "due_at": event.due_at,
    }
