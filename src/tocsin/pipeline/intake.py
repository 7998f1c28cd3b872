"""Events come in: checked with every error at once, stored, and planned after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import router, transaction

from tocsin import clock, conf, engines
from tocsin.channels import registry
from tocsin.deliveries import simulate as simulation
from tocsin.engines import PLAN
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events import accept as events
from tocsin.events import draft, types
from tocsin.events.draft import FIELDS, Draft
from tocsin.events.models import Event
from tocsin.recipients import audiences
from tocsin.rules import conditions
from tocsin.tenants.organizations import organization_id, organization_slug, project_id
from tocsin.tenants.scope import OPERATOR, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tocsin.deliveries.simulate import Simulation
    from tocsin.events.accept import Accepted
    from tocsin.levels import Level
    from tocsin.recipients.audiences import Term
    from tocsin.rules.match import RuleDraft


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
    still_valid: str | Mapping[str, Any] = "",
    group_key: str = "",
    status: str = "open",
    organization: str = "",
    project: str = "",
    dedupe_key: str | None = None,
) -> Accepted:
    """Store one event in the caller's transaction; it is planned and sent after the commit.

    `channel` forces the channel, `due_at` and `expires_at` are aware times, `about` is the object it hangs on.
    `still_valid` is the name of a check, or a condition about the latest event with its group key; it is asked when
    the event is due. Raises `InvalidInput` with every wrong field, and `DedupeConflict` where the key belongs to an
    event with other content.
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
        lambda: {"still_valid": _still_valid(fields.get("still_valid"))},
        lambda: draft.clean(fields, clock.now(), organization),
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


def _still_valid(given: object) -> str | dict[str, Any]:
    """The name of a registered check, or a condition in its one form; "" for none."""
    if isinstance(given, Mapping):
        return conditions.parse(dict(given), "still_valid") or ""
    name = draft.one_line("still_valid", given)
    if name:
        types.get_check(name)
    return name


def _channel(given: object) -> str:
    slug = draft.one_line("channel", given)
    return registry.get(slug).slug if slug else ""
