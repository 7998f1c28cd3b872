"""What people do to events and deliveries that are on their way."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import signals

from tocsin import engines
from tocsin.deliveries import intervene
from tocsin.engines import PLAN
from tocsin.errors import NotFound, invalid
from tocsin.events import draft
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.schedule import series, wishes
from tocsin.schedule.models import Series
from tocsin.tenants.organizations import organization_id
from tocsin.tenants.scope import OPERATOR, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import Model, QuerySet

    from tocsin.deliveries.intervene import Replayed

AT_ONCE = 50
"""Events that are cancelled in one transaction, where many are."""


def cancel(
    *,
    event_id: uuid.UUID | str | None = None,
    about: Any = None,
    series_id: int | str | None = None,
    organization: str = "",
    scope: Scope = OPERATOR,
    by: str = "",
) -> int:
    """Cancel one event, a series, or all events and series that hang on an object. Returns how many events changed.

    Of an event of a series only that occurrence is cancelled. Raises `NotFound` for an id that `scope` does not see.
    """
    with transaction.atomic():
        if series_id is not None and event_id is None and about is None:
            ended = series.end(_series(series_id, scope), by or scope.name)
            return intervene.cancel(Event.objects.filter(series__in=ended))
        events = _meant(event_id, about, organization, scope)
        if about is not None:
            key = draft.about_key("about", about)
            hanging = Series.objects.within(scope).filter(
                about=key, organization=organization_id(organization)
            )
            series.end(hanging, by or scope.name)
        return intervene.cancel(events)


def cancel_on_delete(model: type[Model], organization: str | Callable[[Any], str] = "") -> None:
    """From now on, cancel what hangs on an object of `model` when it is deleted, in the same transaction.

    Call it in an app's `ready()`. `organization` is the slug of the one whose events they are, or a function that
    gives it for an object.
    """

    def cancel_all(sender: type[Model], instance: Model, **_: Any) -> None:
        slug = organization(instance) if callable(organization) else organization
        cancel(about=instance, organization=slug, by=f"deleted {instance._meta.label_lower}")

    uid = f"tocsin.cancel_on_delete.{model._meta.label_lower}"
    signals.post_delete.connect(cancel_all, sender=model, weak=False, dispatch_uid=uid)


def _series(series_id: int | str, scope: Scope) -> QuerySet[Series]:
    found: QuerySet[Series] = Series.objects.within(scope)
    return found.filter(pk=series.find(series_id, found).pk)


def reschedule(
    *,
    due_at: datetime,
    event_id: uuid.UUID | str | None = None,
    about: Any = None,
    organization: str = "",
    scope: Scope = OPERATOR,
) -> int:
    """Give one event, or all that hang on an object, another due date; those that are planned stay as they are.

    Returns how many that changed. Raises `NotFound` for an id that `scope` does not see, and `InvalidInput`.
    """
    moment = draft.clean_time("due_at", due_at)
    if moment is None:
        raise invalid("due_at", "is missing.", "Give an aware time.")
    changed = intervene.reschedule(_meant(event_id, about, organization, scope), moment)
    if changed:
        transaction.on_commit(partial(engines.hint, PLAN, changed), robust=True)
    return changed


def _meant(event_id: uuid.UUID | str | None, about: Any, organization: str, scope: Scope) -> QuerySet[Event]:
    """The one event, or all that hang on an object."""
    if (event_id is None) == (about is None):
        raise invalid("event_id", "or about must be given, and one of them only.", "Say what is meant.")
    found: QuerySet[Event] = Event.objects.within(scope)
    if about is not None:
        key = draft.about_key("about", about)
        if not key:
            raise invalid("about", "is empty.", "Give the object that the events hang on.")
        return found.filter(organization=organization_id(organization), about=key)
    found = found.filter(pk=event_key(event_id))
    if not found.exists():
        raise NotFound(f"There is no event {event_id}.")
    return found


def confirm(event_id: uuid.UUID | str, by: str, scope: Scope = OPERATOR) -> Event:
    """Let an event go that names more people than its type or its token may.

    Raises `NotFound`, and `Conflict` for one that waits for no confirmation.
    """
    found = intervene.confirm(Event.objects.within(scope).filter(pk=event_key(event_id)), by)
    transaction.on_commit(partial(engines.hint, PLAN), robust=True)
    return found


def event_key(value: object) -> uuid.UUID:
    """The key meant by `value`. Raises `NotFound` for what cannot be one."""
    try:
        return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))
    except ValueError:
        raise NotFound(f"There is no event {str(value)[:80]!r}.") from None


def replay(public_ids: Sequence[str], scope: Scope = OPERATOR) -> int:
    """Send dead deliveries ("d12") and dead events (their ids) on their way again, all or none.

    Returns how many are: what has expired is not sent again. Raises `NotFound` and `Conflict`.
    """
    return _hinted(intervene.replay(public_ids, scope), planning=any("-" in one for one in public_ids)).again


def replay_some(public_ids: Sequence[str], scope: Scope = OPERATOR) -> Replayed:
    """The same of deliveries, counting those that are not dead any more: somebody was faster. Raises `NotFound`."""
    return _hinted(intervene.replay(public_ids, scope, strictly=False))


def _hinted(done: Replayed, *, planning: bool = False) -> Replayed:
    for channel in done.channels | ({PLAN} if planning else set()):
        transaction.on_commit(partial(engines.hint, channel), robust=True)
    return done


def cancel_all(event_ids: Sequence[uuid.UUID], scope: Scope = OPERATOR) -> int:
    """Cancel these events and their unsent deliveries, some in one transaction. Returns how many events changed."""
    changed = 0
    for at in range(0, len(event_ids), AT_ONCE):
        some = Event.objects.within(scope).filter(pk__in=event_ids[at : at + AT_ONCE])
        changed += intervene.cancel(some)
    return changed


def forget(user_pk: Any) -> None:
    """Take a person out of ledger and inbox; see `deliveries.intervene.forget`."""
    with transaction.atomic():
        intervene.forget(user_pk)
        InboxItem.objects.filter(user=user_pk).delete()


def change_hours(user_pk: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Change a person's time_zone, dnd_until, windows and locale, as far as given; what waits is judged again.

    Returns what holds now. Raises `InvalidInput` with every error.
    """
    with transaction.atomic():
        kept = wishes.save_wishes(user_pk, given)
        for channel in intervene.look_again(user_pk):
            transaction.on_commit(partial(engines.hint, channel), robust=True)
    return kept
