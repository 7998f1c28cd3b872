"""The table of contents: accept → resolve → plan → deliver → record, each one call."""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, router, transaction
from django.utils.translation import gettext as _

from tocsin import clock, conf, engines
from tocsin.channels import registry
from tocsin.channels.outcomes import Rejected
from tocsin.deliveries import direct, due, intervene, notice, plan, send
from tocsin.deliveries import simulate as simulation
from tocsin.deliveries.record import reclaim
from tocsin.engines import PLAN, wake
from tocsin.errors import Conflict, FieldError, InvalidInput, NotFound, TocsinError, invalid
from tocsin.events import accept as events
from tocsin.events import draft
from tocsin.events.draft import FIELDS, Draft
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.recipients import audiences, destinations, managed, proof
from tocsin.rules import uses
from tocsin.schedule import wishes
from tocsin.tenants.organizations import organization_id, organization_slug, project_id
from tocsin.tenants.scope import OPERATOR, Scope

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from tocsin.channels.outcomes import Outcome
    from tocsin.deliveries.simulate import Simulation
    from tocsin.events.accept import Accepted
    from tocsin.levels import Level
    from tocsin.recipients.audiences import Term
    from tocsin.recipients.models import Destination
    from tocsin.rules.match import RuleDraft

logger = logging.getLogger("tocsin.pipeline")

MOST_NAMED = 50
"""Of unknown fields: to look for the nearest name of each takes time."""


def notify(  # noqa: PLR0913 (the fields of an event, each by its name)
    type: str,  # noqa: A002
    *,
    title: str,
    body: str = "",
    to: Sequence[Term | str] = (),
    level: str | Level | None = None,
    data: Mapping[str, Any] | None = None,
    url: str = "",
    actions: Sequence[Mapping[str, str]] = (),
    actor: Any = None,
    about: Any = None,
    channel: str = "",
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    still_valid: str = "",
    group_key: str = "",
    status: str = "open",
    organization: str = "",
    project: str = "",
    dedupe_key: str | None = None,
) -> Accepted:
    """Store one event in the caller's transaction; it is planned and sent after the commit.

    `channel` forces the channel, `due_at` and `expires_at` are aware times, `still_valid` names a check that
    is asked when the event is due, `about` is the object it hangs on. Raises `InvalidInput` with every wrong
    field, and `DedupeConflict` where the key belongs to an event with other content.
    """
    return accept_request([parse(locals())])[0]


def parse(fields: Mapping[str, Any], scope: Scope = OPERATOR) -> Draft:
    """A clean draft of what a caller gave, or every error at once.

    Raises `InvalidInput` with field paths such as "to.3" and "actions.0.url".
    """
    errors = [_unknown(name) for name in [name for name in fields if name not in FIELDS][:MOST_NAMED]]
    organization, project = _place(fields, scope, errors)
    slug = organization_slug(organization) if organization else ""
    cleaned: dict[str, Any] = {}
    for step in (
        lambda: {"to": tuple(map(str, audiences.parse(fields.get("to") or [], slug)))},
        lambda: {"channel": _channel(fields.get("channel"))},
        lambda: draft.clean(fields, clock.now()),
    ):
        try:
            cleaned |= step()
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    return Draft(organization=organization, project=project, max_recipients=scope.max_recipients, **cleaned)


def accept_request(drafts: Sequence[Draft]) -> list[Accepted]:
    """Store the events of one request, all or none. Raises `DedupeConflict`."""
    accepted = events.accept_all(drafts)
    _hint_plan(accepted)
    return accepted


def accept_group(requests: Sequence[Sequence[Draft]]) -> list[list[Accepted] | Exception]:
    """Store the events of many requests by one commit; each is answered for itself."""
    answers = events.accept_group(requests)
    _hint_plan([one for answer in answers if isinstance(answer, list) for one in answer])
    return answers


def simulate(
    fields: Mapping[str, Any],
    scope: Scope = OPERATOR,
    *,
    at: datetime | None = None,
    drafts: Sequence[RuleDraft] = (),
) -> Simulation:
    """Who would be told of an event that is accepted at `at` (now), by what and why; nothing is stored or sent.

    `drafts` are rules as they might be: the answer says what they add and remove. Raises `InvalidInput`.
    """
    moment = draft.clean_time("at", at) or clock.now()
    with clock.supposing(moment):
        parsed = parse(fields, scope)
    return simulation.simulate(parsed, moment, drafts)


def cancel(
    *,
    event_id: uuid.UUID | str | None = None,
    about: Any = None,
    organization: str = "",
    scope: Scope = OPERATOR,
) -> int:
    """Cancel one event, or all that hang on an object. Returns how many that changed.

    Raises `NotFound` for an id that `scope` does not see.
    """
    return intervene.cancel(_meant(event_id, about, organization, scope))


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
        raise invalid("event_id", "or about must be given, and not both.")
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
    """Send dead deliveries ("d12") and dead events (their ids) on their way again, all or none."""
    channels, planning = intervene.replay(public_ids, scope)
    for channel in channels | ({PLAN} if planning else set()):
        transaction.on_commit(partial(engines.hint, channel), robust=True)
    return len(public_ids)


def forget(user_pk: Any) -> None:
    """Take a person out of ledger and inbox; see `deliveries.intervene.forget`."""
    with transaction.atomic():
        intervene.forget(user_pk)
        InboxItem.objects.filter(user=user_pk).delete()


def change_hours(user_pk: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Change a person's time_zone, dnd_until and windows, as far as they are given; what waits is judged again.

    Returns what holds now. Raises `InvalidInput` with every error.
    """
    with transaction.atomic():
        kept = wishes.save_wishes(user_pk, given)
        for channel in intervene.look_again(user_pk):
            transaction.on_commit(partial(engines.hint, channel), robust=True)
    return kept


def remove_destination(destination: Destination, by: str, *, force: bool = False) -> None:
    """Remove a destination. Raises `Conflict` for one that rules tell; with `force` it is taken out of them."""
    with transaction.atomic():
        uses.free(destination, by, force=force)
        destinations.delete(destination)


def test(destination: Destination) -> Outcome:
    """Send a test to a destination at once; the outcome is the far side's.

    Raises `TooSoon`, and `Conflict` for one that must be confirmed first: a test would be a way around that.
    """
    if not destination.managed and proof.is_missing(destination.channel, destination.verified_at):
        raise Conflict("This address is not confirmed yet. Have a code sent to it, and give that back first.")
    destinations.note_test(destination)
    name = {"label": destination.label}
    outcome = direct.send_directly(
        destination, _("A test by tocsin"), _("You can read this, so “%(label)s” works.") % name
    )
    return _heed(destination, outcome)


def send_code(destination: Destination) -> Outcome:
    """Send a destination the code that confirms it. Raises `TooSoon`, and `Conflict` where none is needed."""
    code = proof.begin(destination)
    body = _("Give this code where you entered this address. If that was not you, ignore it.")
    outcome = direct.send_directly(destination, _("Your code is %(code)s") % {"code": code}, body)
    return _heed(destination, outcome)


def _heed(destination: Destination, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Rejected) and outcome.disable_destination:
        destinations.disable(destination, str(outcome.cause.label))
    return outcome


def tell_owner(destination: Destination) -> None:
    """Say on other channels that a destination was disabled. A failure is logged: there is nobody to raise to."""
    fields = notice.of_disabled(destination)
    if fields is None:
        logger.warning(
            "destination %s is disabled, and nobody answers for it", managed.public_id(destination)
        )
        return
    try:
        notify(**fields)
    except (TocsinError, DatabaseError):
        logger.exception("the owner of destination %s could not be told", managed.public_id(destination))


def run(channel: str, count: int, stop: threading.Event | None = None) -> int:
    """One batch of a channel, or of planning. Returns how many rows were taken."""
    if channel != PLAN:
        sent = send.deliver(channel, count, stop, tell_owner)
        if sent and registry.carrier(channel).in_app:
            wake.publish(wake.INBOX)
        return sent
    taken, touched = plan.plan(count)
    for slug in touched:
        if registry.carrier(slug).in_app:
            wake.publish(wake.INBOX)
        else:
            engines.hint(slug)
    return taken


def sweep() -> set[str]:
    """Take back what lost workers held; the channels (and "plan") that have due work."""
    reclaim()
    plan.reclaim_events()
    return due.channels_with_work()


def renew() -> None:
    """Prolong the leases of everything in hand in this process."""
    send.renew_leases()
    plan.renew_leases()


def batch_size(channel: str) -> int:
    """How many deliveries of a channel are claimed at once."""
    return registry.carrier(channel).batch_size


def _hint_plan(accepted: Sequence[Accepted]) -> None:
    count = sum(one.created for one in accepted)
    if count:
        transaction.on_commit(
            lambda: engines.hint(PLAN, count), using=router.db_for_write(Event), robust=True
        )


def _unknown(name: str) -> FieldError:
    return FieldError(str(name)[:80], "is no field of an event.", conf.nearest(str(name), FIELDS))


def _place(fields: Mapping[str, Any], scope: Scope, errors: list[FieldError]) -> tuple[int, int | None]:
    """Organization and project of an event; for a scope that does not see them they do not exist."""
    try:
        slug = draft.one_line("organization", fields.get("organization"))
        organization = organization_id(slug) if slug or scope.is_operator else scope.home
        if not scope.sees(organization):
            raise invalid("organization", f"{slug!r} is not known.", "Give the slug of an organization.")
        return organization, project_id(organization, draft.one_line("project", fields.get("project")))
    except InvalidInput as error:
        errors += error.errors
        return 0, None


def _channel(given: object) -> str:
    slug = draft.one_line("channel", given)
    return registry.get(slug).slug if slug else ""
