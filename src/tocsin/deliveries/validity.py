"""Whether what an event speaks of still holds when it is due: a check, or a condition, is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin import clock
from tocsin.deliveries.contributors import subjects_of
from tocsin.events import types
from tocsin.events.models import Event
from tocsin.rules.conditions import condition_of

if TYPE_CHECKING:
    from typing import Any

MOST_SAID = 500


def lapsed(event: Event) -> str | None:
    """Why an event need not be told any more, "" where its check only said no; None while it holds.

    A condition is judged on the latest event with the same group key, or on the event itself without one.
    """
    asked: str | dict[str, Any] = event.still_valid
    if isinstance(asked, str):
        return None if types.get_check(asked)(event) else ""
    [subject] = subjects_of([_latest(event)])
    judged = condition_of(asked).judge(subject.facts)
    return None if judged.matched else " ".join(leaf.sentence for leaf in judged.failed)[:MOST_SAID]


def _latest(event: Event) -> Event:
    """The latest that happened in its group. That a series comes again is no news, and older than all news."""
    if not event.group_key:
        return event
    alike = Event.objects.filter(organization=event.organization_id, group_key=event.group_key)
    news = alike.exclude(group_key="").filter(series=None, due_at__lte=clock.DatabaseNow())
    if event.series_id is None:
        news = news.filter(pk__gt=event.pk)
    return news.order_by("-pk").first() or event
