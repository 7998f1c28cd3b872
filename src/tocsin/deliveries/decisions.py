"""What the rules said of an event, each with its reasons, by the versions of when it was planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from tocsin import clock
from tocsin.deliveries.contributors import rules_of, subjects_of
from tocsin.deliveries.states import Reason
from tocsin.errors import NotFound
from tocsin.events.states import EventState
from tocsin.rules.conditions import condition_of
from tocsin.rules.index import patterns_of
from tocsin.rules.match import Matched, decide, named
from tocsin.rules.models import Rule, RuleVersion
from tocsin.rules.operator import decide_operator, operator_rules
from tocsin.rules.spec import of_json
from tocsin.tenants.readers import may_read_events
from tocsin.vocabulary import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tocsin.events.models import Event
    from tocsin.rules.match import RuleDraft, Subject
    from tocsin.tenants.scope import Scope

MOST_READ, MOST_TOLD = 2_000, 20
"""Rules that are looked at, and of which something is said: an organization may have a hundred thousand."""


class Said(NamedTuple):
    """What came of one rule."""

    layer: str
    name: str
    matched: bool
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All of it in words."""
        words = {"layer": self.layer, "name": self.name, "reasons": " ".join(self.reasons)}
        if self.matched:
            return (_("%(layer)s “%(name)s” applied. %(reasons)s") % words).rstrip()
        return _("%(layer)s “%(name)s” did not apply: %(reasons)s") % words


def unmatched(event: Event, user: Any = None) -> Iterator[str]:
    """A sentence for each rule about the event's type that did not apply: the organization's, and those of `user`."""
    [subject] = subjects_of([event])
    met = rules_of(event)
    told = 0
    versions, more = _about(event, None if user is None else user.pk, event.planned_at or clock.now())
    for rule in versions:
        said = _say(rule, subject, met)
        if said.matched:
            continue
        if told == MOST_TOLD:
            more = True
            break
        told += 1
        yield said.sentence
    if more:
        yield _("There are more rules about this type. Ask for one of them by its number.")


def unmatched_operator(event: Event) -> Iterator[str]:
    """A sentence for each rule of the operator that does not apply, as the settings are. For the operator alone."""
    [subject] = subjects_of([event])
    for rule in operator_rules():
        decision = decide_operator(rule, subject)
        if not decision.matched:
            reasons = tuple(why.sentence for why in decision.reasons)
            yield Said(rule.layer, rule.name, False, reasons).sentence


def decision_of(event: Event, number: int, scope: Scope) -> Said:
    """What one rule said of an event. Raises `NotFound` for one that `scope` does not see."""
    rules = Rule.objects.within(scope).filter(pk=number, organization=event.organization_id)
    found = rules.values_list("user", "name").first()
    if found is None or not (found[0] is None or scope.is_operator or scope.user_id == found[0]):
        raise NotFound(f"There is no rule {number} that this event could have met.")
    user, name = found
    version = (
        RuleVersion.objects.filter(rule=number, at__lte=event.planned_at or clock.now())
        .order_by("-number")
        .first()
    )
    if version is None:
        return Said(f"rule:{number}", name, False, (_("It was not there yet."),))
    rule = Matched(number, version.number, user, of_json(version.spec))
    if version.action == "delete":
        return Said(rule.layer, rule.spec.name, False, (_("It had been deleted."),))
    [subject] = subjects_of([event])
    return _say(rule, subject, rules_of(event))


def decisions_with(
    event: Event, subject: Subject, met: Sequence[Matched], drafts: Sequence[RuleDraft]
) -> list[Said]:
    """What each rule about the type says as things are, and with these drafts. What applies comes first."""
    replaced = {draft.replaces for draft in drafts}
    others, _more = _about(event, None, None)
    rest = [rule for rule in others if rule.rule not in replaced] + named(drafts)
    layers = {rule.layer for rule in met}
    said = [_say(rule, subject, met) for rule in met]
    said += [_say(rule, subject, met) for rule in rest if rule.layer not in layers]
    return said[: len(met) + MOST_TOLD + len(drafts)]


def sentence_of(event: Event) -> str:
    """What became of the event itself."""
    words = str(label_of(EventState, event.state))
    if event.reason:
        words += f" {label_of(Reason, event.reason)}"
    return f"{words} {event.detail}".strip()


def _say(rule: Matched, subject: Subject, met: Sequence[Matched]) -> Said:
    """Of a rule and those that applied."""
    decision = decide(rule.spec, subject)
    if not decision.matched:
        return Said(rule.layer, rule.spec.name, False, tuple(why.sentence for why in decision.reasons))
    if any(one.layer == rule.layer for one in met):
        leaves = condition_of(rule.spec.condition).judge(subject.facts).leaves
        return Said(rule.layer, rule.spec.name, True, tuple(leaf.sentence for leaf in leaves if leaf.matched))
    return Said(rule.layer, rule.spec.name, False, (_why_not_carried_out(rule, subject, met),))


def _why_not_carried_out(rule: Matched, subject: Subject, met: Sequence[Matched]) -> str:
    """A rule that says yes, and yet is not among those that applied."""
    stopper = next((one for one in met if one.user_pk == rule.user_pk and one.spec.stop), None)
    if stopper is not None:
        return _("%(layer)s “%(name)s” applied before it, and stops there.") % {
            "layer": stopper.layer, "name": stopper.spec.name,
        }  # fmt: skip
    pair = (subject.organization, rule.user_pk)
    if rule.user_pk is not None and pair not in may_read_events({pair}):
        return _("Its owner may not read the events of this organization.")
    return _("It was saved while the event was being planned.")


def _about(event: Event, user_pk: Any, moment: datetime | None) -> tuple[list[Matched], bool]:
    """Rules about the event's type, as they were at a moment or are now; and whether there are more."""
    patterns = set(patterns_of(event.type))
    rules = Rule.objects.filter(organization=event.organization_id)
    rules = rules.filter(Q(user__isnull=True) | Q(user__isnull=False, user=user_pk))
    if moment is not None:
        rules = rules.filter(created_at__lte=moment)
    rows = list(rules.order_by("position", "pk").values_list("pk", "user")[: MOST_READ + 1])
    users = dict(rows[:MOST_READ])
    found = []
    for version in _last_versions(users, moment):
        spec = of_json(version.spec)
        if version.action != "delete" and patterns & set(spec.event_types):
            found.append(Matched(version.rule_id, version.number, users[version.rule_id], spec))
    return found, len(rows) > MOST_READ


def _last_versions(rules: Iterable[int], moment: datetime | None) -> list[RuleVersion]:
    latest: dict[int, RuleVersion] = {}
    rows = RuleVersion.objects.filter(rule__among=list(rules)).order_by("number")
    for version in rows if moment is None else rows.filter(at__lte=moment):
        latest[version.rule_id] = version
    return [latest[rule] for rule in rules if rule in latest]
