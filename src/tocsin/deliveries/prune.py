"""What is over and old leaves the ledger in small batches: events with all their rows, series, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from tocsin.deliveries.finding import UNPLANNED
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.deliveries.states import FINAL
from tocsin.deliveries.wording.models import Template, TemplateVersion
from tocsin.events.models import Event
from tocsin.rules.models import Rule, RuleVersion
from tocsin.schedule.models import Series, SeriesState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import Model, QuerySet

BATCH, MOST_DELIVERIES = 500, 5_000
"""Events in one transaction, and deliveries: what holds its locks for long holds up the workers."""


def finished_events(before: datetime) -> QuerySet[Event]:
    """Events that were accepted before, of which nothing is to be sent any more and nobody has an inbox item."""
    open_ = Delivery.objects.filter(event=OuterRef("pk")).exclude(state__in=FINAL)
    kept = apps.get_model("tocsin", "InboxItem").objects.filter(event=OuterRef("pk"))
    old = Event.objects.filter(created_at__lt=before).exclude(state__in=UNPLANNED)
    found: QuerySet[Event] = old.filter(~Exists(open_), ~Exists(kept))
    return found


def prune_events(before: datetime) -> Iterator[tuple[int, int]]:
    """Delete finished events with their deliveries and attempts; (events, deliveries) of each transaction."""
    after: Any = None
    while True:
        rows = finished_events(before).order_by("pk")
        keys = list(
            (rows if after is None else rows.filter(pk__gt=after)).values_list("pk", flat=True)[:BATCH]
        )
        if not keys:
            return
        events, deliveries = _prune_batch(keys, before)
        if deliveries < MOST_DELIVERIES:
            after = keys[-1]
        yield events, deliveries


@transaction.atomic
def _prune_batch(keys: list[Any], before: datetime) -> tuple[int, int]:
    """Events go with the last of their deliveries: one to a hundred thousand people takes many transactions."""
    # Looked at again under lock: somebody may have replayed a delivery meanwhile.
    held = list(
        finished_events(before)
        .filter(pk__in=keys)
        .select_for_update(of=("self",))
        .values_list("pk", flat=True)
    )
    rows = Delivery.objects.filter(event__in=held).values_list("pk", flat=True)
    deliveries = list(rows[:MOST_DELIVERIES])
    Attempt.objects.filter(delivery__among=deliveries).delete()
    Delivery.objects.filter(pk__among=deliveries).delete()
    if len(deliveries) == MOST_DELIVERIES:
        return 0, len(deliveries)
    Event.objects.filter(pk__in=held).delete()
    return len(held), len(deliveries)


def prune_series(before: datetime) -> int:
    """Delete series that ended before and of which no event is left; how many that were."""
    left = Event.objects.filter(series=OuterRef("pk"))
    over = Series.objects.exclude(state=SeriesState.ACTIVE).filter(~Exists(left), ended_at__lt=before)
    gone: int = Series.objects.filter(pk__in=list(over.values_list("pk", flat=True))).delete()[0]
    return gone


def prune_versions(before: datetime) -> int:
    """Delete versions of rules that were replaced before, and rules deleted before; how many versions that were."""
    return _prune(Rule, RuleVersion, "rule", before)


def prune_templates(before: datetime) -> int:
    """The same of templates, of which any event that is left may show the words."""
    oldest = Event.objects.order_by("pk").values_list("created_at", flat=True).first()
    return _prune(Template, TemplateVersion, "template", min(before, oldest or before))


def _prune(owners: type[Model], versions: type[Model], name: str, before: datetime) -> int:
    owned, kept = owners._default_manager, versions._default_manager
    with transaction.atomic():
        deleted = owned.filter(deleted_at__lt=before)
        following = kept.filter(**{name: OuterRef(name)}, number__gt=OuterRef("number"), at__lte=before)
        old = kept.filter(Q(**{f"{name}__in": deleted.values("pk")}) | Q(Exists(following)))
        gone: int = kept.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
        deleted.delete()
        return gone
