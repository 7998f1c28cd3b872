"""Who adds people to an event: its own `to` list, and each rule that applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.channels import registry
from tocsin.events import types
from tocsin.events.states import EventState
from tocsin.recipients import resolve, users
from tocsin.recipients.audiences import EXCEPT, Term, is_set_kind
from tocsin.recipients.models import Destination
from tocsin.rules import registrations
from tocsin.rules.facts import facts_of
from tocsin.rules.match import Matched, Subject, matching, specs_of
from tocsin.rules.operator import matching_operator, rule_named
from tocsin.tenants.models import Project
from tocsin.tenants.organizations import organization_slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from tocsin.events.models import Event
    from tocsin.rules.operator import OperatorRule

TO = "to"
ACTION = "action"


@dataclass(frozen=True, slots=True)
class Contributor:
    """An audience and the channels it is told by. `layer` names it in every row that it caused."""

    layer: str
    terms: tuple[Term, ...]
    channels: tuple[str, ...]
    version: int | None = None
    """Of the rule, if it is one."""
    rule: int | None = None
    owner: str = ""
    """The key of the person whose own rule it is."""
    hours: Any = None
    """Those of the rule: outside them what it tells waits."""
    name: str = ""
    """Of the rule."""
    note: str = ""
    """What else is to be said of it."""
    refs: tuple[str, ...] = ()
    """Of an operator's rule: its targets in the settings."""

    @property
    def people(self) -> tuple[Term, ...]:
        """The terms that name users."""
        return tuple(term for term in self.terms if term.kind == resolve.USER or is_set_kind(term.kind))

    @property
    def sets(self) -> tuple[Term, ...]:
        """The terms that name sets of people."""
        return tuple(term for term in self.terms if is_set_kind(term.kind))

    @property
    def excepts_actor(self) -> bool:
        """Whether the one who did it is not to be told."""
        return EXCEPT in self.terms

    @property
    def destinations(self) -> list[int]:
        """The numbers of the destinations that are named."""
        return [int(term.value) for term in self.terms if term.kind == "destination"]

    @property
    def actions(self) -> list[str]:
        """The numbers of rules that code is registered for."""
        return [term.value for term in self.terms if term.kind == ACTION]

    @property
    def addresses(self) -> list[Term]:
        """The terms that are bare addresses on a channel."""
        known = registry.channels()
        return [term for term in self.terms if term.kind in known]


def contributors(event: Event) -> list[Contributor]:
    """Everything that names recipients of this event, in order: the first one's layer is kept in a row.

    Once its planning has begun, these are what they were then.
    """
    if "_contributors" not in event.__dict__:
        meet([event])
    found: list[Contributor] = event.__dict__["_contributors"]
    return found


def rules_of(event: Event) -> list[Matched]:
    """The rules that apply to an event, in the versions it met."""
    contributors(event)
    found: list[Matched] = event.__dict__["_rules"]
    return found


def meet(events: Sequence[Event]) -> None:
    """Work out the contributors of many events at once, so that rules are asked by a few statements."""
    fresh = [event for event in events if not _is_frozen(event)]
    subjects = subjects_of(fresh)
    for event, subject, rules in zip(fresh, subjects, matching(subjects), strict=True):
        take(event, rules, matching_operator(subject))
    frozen = [event for event in events if _is_frozen(event)]
    specs = specs_of((rule, version) for event in frozen for rule, version, _user in _kept(event))
    for event in frozen:
        rules = [
            Matched(rule, version, user, specs[rule, version])
            for rule, version, user in _kept(event)
            if (rule, version) in specs
        ]
        names = event.trace.get("settings", ())
        take(event, rules, [found for name in names if (found := rule_named(name)) is not None])


def take(event: Event, rules: Iterable[Matched], operators: Iterable[OperatorRule]) -> None:
    """Let these be the rules that apply to an event. Who is named without hours is told without them."""
    event.__dict__["_rules"] = rules = list(rules)
    own = [
        _own(event),
        *(_of_rule(event, rule) for rule in rules),
        *(_of_operator(event, rule) for rule in operators),
    ]
    event.__dict__["_contributors"] = sorted(own, key=lambda one: one.hours is not None)


def people_of(event: Event, one: Contributor) -> tuple[QuerySet[Any], list[Term]]:
    """The users whom a contributor names, and the terms that name nobody."""
    people, missing = resolve.people(one.people, event.organization_id)
    actor = actor_of(event) if one.excepts_actor else None
    return (people if actor is None else people.exclude(pk=actor)), missing


def actor_of(event: Event) -> Any:
    """The key of the user who did it; None where it was somebody or something else."""
    value = event.acting_user
    return users.matching([value]).get(value) if value else None


def trace_of(event: Event) -> dict[str, Any]:
    """What is kept of the contributors: which rules, in which versions, and the channels of each."""
    found = contributors(event)
    rules = [[one.rule, one.version, one.owner] for one in found if one.rule is not None]
    kept: dict[str, Any] = {"rules": rules, "channels": {one.layer: list(one.channels) for one in found}}
    hours = {one.layer: one.hours for one in found if one.hours is not None}
    settings = [one.name for one in found if one.refs]
    return kept | ({"hours": hours} if hours else {}) | ({"settings": settings} if settings else {})


def subjects_of(events: Iterable[Event]) -> list[Subject]:
    """Events as rules see them."""
    events = list(events)
    projects = dict(
        Project.objects.filter(pk__in={event.project_id for event in events if event.project_id}).values_list(
            "pk", "slug"
        )
    )
    return [
        Subject(
            event.organization_id,
            event.project_id,
            facts_of(
                event,
                organization=organization_slug(event.organization_id),
                project=projects.get(event.project_id, "") if event.project_id else "",
            ),
        )
        for event in events
    ]


def _is_frozen(event: Event) -> bool:
    """Whether its planning has begun: rules that change later do not change it."""
    return "rules" in event.trace or event.state == EventState.PLANNED


def _kept(event: Event) -> list[tuple[int, int, str]]:
    return [(rule, version, owner) for rule, version, owner in event.trace.get("rules", ())]


def _own(event: Event) -> Contributor:
    terms = tuple(Term(*item.split(":", 1)) for item in event.to)
    return Contributor(TO, terms, _channels(event, TO, ()))


def _of_rule(event: Event, rule: Matched) -> Contributor:
    owner = "" if rule.user_pk is None else str(rule.user_pk)
    terms, channels = _aim(event, rule, owner)
    return Contributor(
        rule.layer, terms, _channels(event, rule.layer, channels), rule.version, rule.rule, owner, rule.spec.hours,
        rule.spec.name, registrations.note_of(rule.spec, (event.type,)),
    )  # fmt: skip


def _of_operator(event: Event, rule: OperatorRule) -> Contributor:
    """Where another channel is forced, it has nobody to tell."""
    heard = event.channel in ("", rule.channel)
    refs = tuple(rule.ref(index) for index in range(len(rule.targets))) if heard else ()
    return Contributor(rule.layer, (), (rule.channel,), hours=rule.spec.hours, name=rule.name, refs=refs)


def _aim(event: Event, rule: Matched, owner: str) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """Whom a rule names, and the channels it chooses; none is the type's."""
    spec = rule.spec
    if spec.is_action:
        terms = _aim_action(event, rule)
        return terms, (ACTION,) if any(term.kind == ACTION for term in terms) else (spec.service,)
    if spec.destinations:
        return tuple(Term("destination", str(pk)) for pk in _reached(event, spec.destinations)), ()
    named = (f"user:{owner}",) if owner else spec.to
    return tuple(Term(*term.split(":", 1)) for term in named), spec.channels


def _aim_action(event: Event, rule: Matched) -> tuple[Term, ...]:
    """The code that is registered, else the target; where another channel is forced, only people are left.

    Where neither is there any more, the code again: then the row says so.
    """
    spec = rule.spec
    elsewhere = event.channel not in ("", spec.service)
    planned = None if elsewhere else event.trace.get("channels", {}).get(rule.layer)
    if planned is None:
        registered = registrations.find(event.type, spec.service, spec.target) is not None
    else:
        registered = ACTION in planned
    plain = None if registered else registrations.plain_term(spec)
    if elsewhere and (plain is None or plain.kind not in ("user", "team")):
        return ()
    return (plain or Term(ACTION, str(rule.rule)),)


def _reached(event: Event, destinations: Sequence[int]) -> Iterable[int]:
    """The destinations of a rule; where the event forces a channel, those on it."""
    if not event.channel:
        return destinations
    rows = Destination.objects.filter(pk__in=destinations, channel=event.channel)
    return sorted(rows.values_list("pk", flat=True))


def _channels(event: Event, layer: str, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """By what a contributor tells: as it was planned, else the forced channel, its own choice, the type's."""
    planned = event.trace.get("channels", {}).get(layer)
    if planned is not None:
        return tuple(planned)
    if event.channel and chosen != (ACTION,):
        return (event.channel,)
    return chosen or types.find(event.type).channels
