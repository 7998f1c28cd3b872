"""What the statements of planning are about: one event and all it concerns, or many and whom each names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings

from tocsin import clock
from tocsin.deliveries.states import Reason, State
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from tocsin.deliveries.contributors import Contributor
    from tocsin.deliveries.insert_select import Pairs
    from tocsin.events.models import Event
    from tocsin.recipients.audiences import Term


class Told(NamedTuple):
    """One contributor of one event."""

    event: Event
    one: Contributor
    keys: Collection[Any] | None = None
    """Of the users it names. None: it is planned alone, and concerns everyone in the people it is planned with."""
    missing: Sequence[Term] = ()
    """Its terms that name nobody."""


@dataclass(slots=True)
class Wave:
    """What is planned together: contributors of events of one type that tell by the same channels.

    They are as one in whether they have hours, outside of which every row is looked at when it is due, too, and in
    `locale`, the language of those who chose none.
    """

    told: list[Told]
    locale: str
    now: datetime = field(default_factory=clock.now)

    @property
    def type(self) -> str:
        return self.told[0].event.type

    @property
    def channels(self) -> tuple[str, ...]:
        return self.told[0].one.channels

    @property
    def has_hours(self) -> bool:
        return self.told[0].one.hours is not None

    @property
    def organizations(self) -> set[int]:
        return {told.event.organization_id for told in self.told}

    def split(self, organizations: Collection[int]) -> Iterator[tuple[Wave, bool]]:
        """The part of these organizations, and the part of all others; those that are not empty."""
        for inside in (True, False):
            part = [told for told in self.told if (told.event.organization_id in organizations) is inside]
            if part:
                yield Wave(part, self.locale, self.now), inside

    def columns(self, channel: str) -> dict[str, Any]:
        """The columns of a delivery that all rows of a statement share."""
        shared: dict[str, Any] = {
            "channel": channel,
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
        return shared | self._of_the_only(columns_of)

    def pairs(self) -> Pairs | None:
        """(user key, the columns that differ) for each person who is named."""
        return self._pairs(columns_of)

    def item_columns(self, channel: str) -> dict[str, Any]:
        """The columns of an inbox item that all rows of a statement share."""
        return {"channel": channel, "created_at": self.now} | self._of_the_only(_item_columns_of)

    def item_pairs(self) -> Pairs | None:
        """(user key, the columns that differ) for each person who is named."""
        return self._pairs(_item_columns_of)

    def _of_the_only(self, columns: Callable[[Told], dict[str, Any]]) -> dict[str, Any]:
        [first, *_] = self.told
        found = columns(first) if first.keys is None else {}
        return {name: value for name, value in found.items() if value is not None}

    def _pairs(self, columns: Callable[[Told], dict[str, Any]]) -> Pairs | None:
        if self.told[0].keys is None:
            return None
        each = ((told.keys or (), columns(told)) for told in self.told)
        return [(key, found) for keys, found in each for key in keys]


def columns_of(told: Told) -> dict[str, Any]:
    """The columns of a delivery that come from its event and the contributor."""
    return _item_columns_of(told) | {
        "rule_version": told.one.version,
        "priority": told.event.priority,
        "group_key": told.event.group_key,
        "due_at": told.event.due_at,
    }


def _item_columns_of(told: Told) -> dict[str, Any]:
    return {
        "organization": told.event.organization_id,
        "event": told.event.pk,
        "layer": told.one.layer,
    }


def locales_of(organizations: Iterable[int]) -> dict[int, str]:
    """The language of those who chose none: their organization's, else the site's."""
    rows = Organization.objects.filter(pk__in=set(organizations)).values_list("pk", "locale")
    return {pk: locale or settings.LANGUAGE_CODE for pk, locale in rows}
