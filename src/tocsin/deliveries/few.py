"""Whom events name, where that is few: such events share statements, however many they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin import conf
from tocsin.deliveries.contributors import contributors
from tocsin.deliveries.wave import Told
from tocsin.recipients import resolve, users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.deliveries.contributors import Contributor
    from tocsin.events.models import Event
    from tocsin.recipients.audiences import Term

FEW = 100
"""People of one audience who are planned with those of others; more of them go in chunks of their own."""


class Few:
    """Looks up users, actors and members of many events at once, and each audience once."""

    def __init__(self, events: Sequence[Event]) -> None:
        each = [(event, one) for event in events for one in contributors(event)]
        self._users = resolve.users_of(
            (event.organization_id, term) for event, one in each for term in one.people
        )
        self._actors = users.matching({event.acting_user for event, one in each if one.excepts_actor} - {""})
        self._sets: dict[tuple[int, tuple[Term, ...]], frozenset[Any] | None] = {}

    def told(self, event: Event) -> list[Told] | None:
        """The contributors of an event with the people each names; None where those are many."""
        found = []
        for one in contributors(event):
            keys = self._set(event.organization_id, one.sets)
            if keys is None:
                return None
            found.append(self._told(event, one, keys))
        return found

    def _told(self, event: Event, one: Contributor, keys: frozenset[Any]) -> Told:
        named = {
            term: self._users.get((event.organization_id, term))
            for term in one.people
            if term not in one.sets
        }
        missing = [term for term, key in named.items() if key is None]
        actor = self._actors.get(event.acting_user) if one.excepts_actor else None
        return Told(event, one, (keys | set(named.values())) - {None, actor}, missing)

    def _set(self, organization: int, terms: tuple[Term, ...]) -> frozenset[Any] | None:
        if not terms:
            return frozenset()
        if (organization, terms) not in self._sets:
            people, _ = resolve.people(terms, organization)
            most = min(FEW, conf.get("PLAN_CHUNK"))
            found = frozenset(people.order_by().values_list("pk", flat=True)[: most + 1])
            self._sets[organization, terms] = found if len(found) <= most else None
        return self._sets[organization, terms]
