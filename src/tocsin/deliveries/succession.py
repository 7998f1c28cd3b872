"""When a delivery that stood for several people falls out, the next of them is planned in the same write."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from tocsin.channels import registry
from tocsin.deliveries import planned_rows
from tocsin.deliveries.contributors import contributors, people_of
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.wave import Told, Wave, locales_of
from tocsin.events.models import Event
from tocsin.recipients import preferences, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable


def plan_successors(skipped: Iterable[int]) -> int:
    """Plan the next person at the address of each skipped delivery. Returns how many were planned."""
    skipped = list(skipped)
    if not skipped:
        return 0
    groups = defaultdict(set)
    rows = Delivery.objects.filter(pk__in=skipped, user__isnull=False)
    for event_id, channel, turn, identity in rows.values_list("event", "channel", "turn", "identity"):
        groups[event_id, channel, turn].add(identity)
    events = Event.objects.in_bulk({key[0] for key in groups})
    planned = 0
    for (event_id, slug, turn), identities in groups.items():
        if event_id in events and slug in registry.channels() and not registry.get(slug).in_app:
            planned += _plan_next(events[event_id], slug, turn + 1, identities)
    return planned


def _plan_next(event: Event, slug: str, turn: int, identities: set[str]) -> int:
    channel = registry.get(slug)
    refusals = preferences.refusals(event.type, slug, [event.organization_id])
    [locale] = locales_of([event.organization_id]).values()
    planned = 0
    for contributor in contributors(event):
        people, _ = people_of(event, contributor)
        had_theirs = Delivery.objects.filter(
            event=event, channel=slug, identity__in=identities, user=OuterRef("pk")
        )
        wave = Wave([Told(event, contributor)], locale)
        willing, _ = resolve.divide(
            people, channel, event.type, organization_refuses=refusals.by(event.organization_id)
        )
        waiting = willing.filter(~Exists(had_theirs))
        planned += planned_rows.to_addresses_of(wave, channel, waiting, turn=turn, among=identities)
    return planned
