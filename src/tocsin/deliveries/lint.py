"""What a rule would not do, although it may be saved: nobody to tell, nothing to tell by, nothing to match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from tocsin.channels import registry
from tocsin.deliveries import pauses
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State
from tocsin.events.declared import types_of
from tocsin.recipients import proof, resolve, users
from tocsin.recipients.audiences import EXCEPT, Term, set_kinds
from tocsin.recipients.models import Destination
from tocsin.rules.models import Rule
from tocsin.rules.reach import covers, is_never
from tocsin.rules.save import place_of, specs_of
from tocsin.tenants.models import Project
from tocsin.tenants.organizations import organization_slug
from tocsin.tenants.readers import may_read_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from tocsin.rules.spec import Place, Spec

MOST_COMPARED, FIRST = 500, 5
"""Other rules of an owner that one is compared with, and people who are named."""
TRIES = 5
"""A destination whose last deliveries were all given up is failing."""


class Finding(NamedTuple):
    """One thing that a rule's author should know."""

    code: str
    field: str
    sentence: str


def lint(spec: Spec, place: Place, rule: int | None = None) -> list[Finding]:
    """What is doubtful about a rule as it would be saved; `rule` is its number, if it has one. Refuses nothing."""
    return [
        *_types(spec, place),
        *_never(spec, place),
        *_owner(spec, place),
        *_channels(spec),
        *_audience(spec, place),
        *_destinations(spec),
        *_shadowed(spec, place, rule),
    ]


def lint_all(most: int) -> Iterator[tuple[Rule, list[Finding]]]:
    """The findings of the newest rules that are in use, at most so many rules; those without any are left out."""
    rules = list(Rule.objects.filter(active=True, deleted_at=None).order_by("-updated_at")[:most])
    for rule, spec in zip(rules, specs_of(rules), strict=True):
        if found := lint(spec, place_of(rule), rule.pk):
            yield rule, found


def _types(spec: Spec, place: Place) -> Iterator[Finding]:
    known = types_of([place.organization])
    for pattern in spec.event_types:
        prefix = pattern.removesuffix("*")
        if pattern not in known and not (prefix != pattern and any(key.startswith(prefix) for key in known)):
            yield Finding(
                "unknown_type", "event_types", _("No type of event is called %(type)s.") % {"type": pattern}
            )


def _never(spec: Spec, place: Place) -> Iterator[Finding]:
    if is_never(_whole(spec, place)):
        yield Finding(
            "never_matches",
            "condition",
            _("No event can meet this condition: it contradicts itself or the rule."),
        )
    if spec.projects and not Project.objects.filter(pk__in=spec.projects).exists():
        yield Finding("never_matches", "projects", _("None of its projects exists any more."))


def _whole(spec: Spec, place: Place) -> dict[str, Any]:
    """The condition with what the rule says besides."""
    leaves: list[dict[str, Any]] = [
        {"field": "level", "op": "gte", "value": spec.level.slug},
        {"field": "organization", "op": "is", "value": organization_slug(place.organization)},
    ]
    if not any(pattern.endswith("*") for pattern in spec.event_types):
        leaves.append({"field": "type", "op": "in", "value": list(spec.event_types)})
    if spec.condition:
        leaves.append(spec.condition)
    return {"all": leaves}


def _owner(spec: Spec, place: Place) -> Iterator[Finding]:
    pair = (place.organization, place.user_pk)
    if place.user_pk is not None and pair not in may_read_events({pair}):
        words = _("Its owner may not read the events of this organization, so it does not apply.")
        yield Finding("empty_audience", "to", words)


def _channels(spec: Spec) -> Iterator[Finding]:
    paused = pauses.paused()
    for slug in spec.channels:
        channel = registry.channels().get(slug)
        if channel is None:
            why = _("is not installed")
        elif said := channel.not_ready():
            why = _("is not set up: %(said)s") % {"said": said}
        elif slug in paused or "" in paused:
            why = _("is paused")
        else:
            continue
        yield Finding(
            "no_destination", "channels", _("The channel %(slug)s %(why)s.") % {"slug": slug, "why": why}
        )


def _audience(spec: Spec, place: Place) -> Iterator[Finding]:
    terms = [Term(*term.split(":", 1)) for term in spec.to]
    kinds = set_kinds()
    named = [term for term in terms if term.kind == "user" or term.kind in kinds]
    for index, term in enumerate(terms):
        if term in named and not resolve.people([term], place.organization)[0].exists():
            words = _("%(term)s is nobody now.") % {"term": term}
            yield Finding("empty_audience", f"to.{index}", words)
    people, _missing = resolve.people(named, place.organization)
    if terms and not people.exists() and all(term in named or term == EXCEPT for term in terms):
        yield Finding("empty_audience", "to", _("Nobody at all is told by it now."))
    elif named:
        yield from _unreached(spec, people)


def _unreached(spec: Spec, people: QuerySet[Any]) -> Iterator[Finding]:
    """Who is in the audience and has no working address on any of the rule's channels."""
    channels = [registry.channels()[slug] for slug in spec.channels if slug in registry.channels()]
    if not channels or any(channel.in_app for channel in channels):
        return
    for channel in channels:
        people = people.exclude(resolve.usable(channel))
    first = [one.name or str(one.pk) for one in users.recipients(_keys(people, FIRST + 1)).values()]
    if first:
        more = _(" and others") if len(first) > FIRST else ""
        words = _("%(names)s%(more)s have no working address on any of its channels.")
        yield Finding("no_destination", "channels", words % {"names": ", ".join(first[:FIRST]), "more": more})


def _keys(people: QuerySet[Any], most: int) -> list[Any]:
    return list(people.order_by("pk").values_list("pk", flat=True)[:most])


def _destinations(spec: Spec) -> Iterator[Finding]:
    found = {row.pk: row for row in Destination.objects.filter(pk__in=spec.destinations)}
    for index, pk in enumerate(spec.destinations):
        if said := _fault(found.get(pk)):
            words = _("Destination %(id)s %(said)s.") % {"id": pk, "said": said}
            yield Finding("failing_destination", f"destinations.{index}", words)


def _fault(destination: Destination | None) -> str:
    if destination is None:
        return _("does not exist any more")
    if destination.disabled_at is not None:
        return _("is disabled: %(why)s") % {"why": destination.disabled_reason.rstrip(".")}
    if proof.is_missing(destination.channel, destination.verified_at):
        return _("is not confirmed yet")
    last = (
        Delivery.objects.filter(destination=destination.pk)
        .order_by("-pk")
        .values_list("state", flat=True)[:TRIES]
    )
    ended = [state for state in last if state in (State.SENT, State.DEAD)]
    return _("has failed every time of late") if ended and set(ended) == {State.DEAD} else ""


def _shadowed(spec: Spec, place: Place, rule: int | None) -> Iterator[Finding]:
    others = Rule.objects.filter(
        organization=place.organization, user=place.user_pk, active=True, deleted_at=None, stop=True,
        position__lte=spec.position,
    ).exclude(pk=rule)  # fmt: skip
    found = list(others.order_by("position", "pk")[:MOST_COMPARED])
    for other, theirs in zip(found, specs_of(found), strict=True):
        earlier = other.position < spec.position or rule is None or other.pk < rule
        if earlier and _covers(theirs, spec, place):
            words = _(
                "%(rule)s “%(name)s” comes before it, applies whenever this one would, and stops there."
            )
            yield Finding("shadowed", "position", words % {"rule": f"rule:{other.pk}", "name": other.name})
            return


def _covers(wide: Spec, narrow: Spec, place: Place) -> bool:
    if wide.level > narrow.level or (
        wide.projects and not (narrow.projects and set(narrow.projects) <= set(wide.projects))
    ):
        return False
    types_covered = all(
        any(_matches(theirs, pattern) for theirs in wide.event_types) for pattern in narrow.event_types
    )
    return types_covered and covers(wide.condition, _whole(narrow, place))


def _matches(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.endswith("*") and narrow.startswith(wide.removesuffix("*")))
