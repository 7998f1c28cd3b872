"""Which rules an event meets, and why: candidates by the index, then each one's decision, which is pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from tocsin.levels import parse_level
from tocsin.rules.conditions import Seen, condition_of
from tocsin.rules.index import digests_of, fields_of, patterns_of
from tocsin.rules.models import Rule, RuleVersion
from tocsin.rules.spec import of_json
from tocsin.tenants.readers import may_read_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tocsin.rules.spec import Spec

KEPT = 20_000
"""Parsed rules that a process keeps."""


class Subject(NamedTuple):
    """An event as rules see it."""

    organization: int
    project: int | None
    facts: Mapping[str, Any]


class Why(NamedTuple):
    """One reason of a decision."""

    code: str
    """type, level, project, condition, inactive, stopped, owner."""
    sentence: str
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a rule applies to an event; where it does not, every reason."""

    matched: bool
    reasons: tuple[Why, ...] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """A rule that applies."""

    rule: int
    version: int
    user_pk: Any
    spec: Spec
    draft: str = ""
    """What one that is not saved is called."""

    @property
    def layer(self) -> str:
        """Its name in every row that it causes."""
        return self.draft or f"rule:{self.rule}@{self.version}"


class RuleDraft(NamedTuple):
    """A rule as it might be: a new one, other content of the rule `replaces`, or without a spec its end."""

    spec: Spec | None
    user_pk: Any = None
    replaces: int | None = None


LAST = 2**62
"""Where drafts of new rules stand among those of the same position."""


def decide(spec: Spec, subject: Subject) -> Decision:
    """Whether a rule applies to an event. Pure: values in, decision with its reasons out."""
    facts = subject.facts
    reasons = []
    if not spec.active:
        reasons.append(Why("inactive", _("It is switched off.")))
    if not set(spec.event_types) & set(patterns_of(facts["type"])):
        words = {"types": ", ".join(spec.event_types), "type": facts["type"]}
        reasons.append(Why("type", _("It is about %(types)s, not %(type)s.") % words))
    if parse_level(facts["level"]) < spec.level:
        words = {"wanted": spec.level.slug, "seen": facts["level"]}
        reasons.append(Why("level", _("It wants %(wanted)s at least; this is %(seen)s.") % words))
    if spec.projects and subject.project not in spec.projects:
        reasons.append(Why("project", _("It is about other projects.")))
    judged = condition_of(spec.condition).judge(facts)
    if not judged.matched:
        said = " ".join(seen.sentence for seen in judged.failed)
        reasons.append(Why("condition", said, judged.failed))
    return Decision(not reasons, tuple(reasons))


def matching(subjects: Sequence[Subject], drafts: Sequence[RuleDraft] = ()) -> list[list[Matched]]:
    """For each event the rules that apply, in the order in which they are carried out.

    A rule with stop-after-this ends the lower ones of the same owner. `drafts` are taken as if they were saved.
    """
    candidates = _candidates(subjects)
    if drafts:
        candidates = [_with(rules, drafts) for rules in candidates]
    found: list[list[Matched]] = []
    for subject, rules in zip(subjects, candidates, strict=True):
        applying = [rule for rule in rules if _applies(rule.spec, subject)]
        found.append(_until_stopped(applying))
    return _of_readers(subjects, found)


def named(drafts: Sequence[RuleDraft]) -> list[Matched]:
    """The drafts that have content, each with its name."""
    return [
        Matched(
            draft.replaces or LAST + index,
            0,
            draft.user_pk,
            draft.spec,
            f"rule:draft-{index}" if index else "rule:draft",
        )
        for index, draft in enumerate(drafts)
        if draft.spec is not None
    ]


def _with(rules: Sequence[Matched], drafts: Sequence[RuleDraft]) -> list[Matched]:
    replaced = {draft.replaces for draft in drafts}
    kept = [rule for rule in rules if rule.rule not in replaced]
    return sorted([*kept, *(one for one in named(drafts) if one.spec.active)], key=_order)


def _applies(spec: Spec, subject: Subject) -> bool:
    """`decide` without the reasons, the cheap questions first."""
    return (
        bool(set(spec.event_types) & set(patterns_of(subject.facts["type"])))
        and parse_level(subject.facts["level"]) >= spec.level
        and (not spec.projects or subject.project in spec.projects)
        and condition_of(spec.condition).matches(subject.facts)
    )


def _candidates(subjects: Sequence[Subject]) -> list[list[Matched]]:
    """The rules that the index gives for each event: two statements, however many rules and events there are."""
    patterns = [patterns_of(subject.facts["type"]) for subject in subjects]
    fields = fields_of({s.organization for s in subjects}, {p for own in patterns for p in own})
    if not fields:
        return [[] for _subject in subjects]
    wanted = [
        digests_of(subject.organization, own, fields.get(subject.organization, ()), subject.facts)
        for subject, own in zip(subjects, patterns, strict=True)
    ]
    by_key = defaultdict(set)
    rows = Rule.objects.filter(
        active=True, deleted_at__isnull=True, keys__key__among=list(set().union(*wanted))
    )
    versions = {}
    for pk, version, at, user_pk, key in rows.values_list("pk", "version", "updated_at", "user", "keys__key"):
        by_key[key].add(pk)
        versions[pk] = (version, at, user_pk)
    specs = _specs({(pk, version, at) for pk, (version, at, _user) in versions.items()})
    rules = {pk: Matched(pk, version, user, specs[pk]) for pk, (version, _at, user) in versions.items()}
    return [
        sorted((rules[pk] for pk in set().union(*(by_key[key] for key in keys))), key=_order)
        for keys in wanted
    ]


def _order(rule: Matched) -> tuple[Any, ...]:
    return (rule.user_pk is not None, str(rule.user_pk or ""), rule.spec.position, rule.rule)


def _until_stopped(rules: Iterable[Matched]) -> list[Matched]:
    stopped, kept = set(), []
    for rule in rules:
        if rule.user_pk not in stopped:
            kept.append(rule)
            if rule.spec.stop:
                stopped.add(rule.user_pk)
    return kept


def _of_readers(subjects: Sequence[Subject], found: list[list[Matched]]) -> list[list[Matched]]:
    """Without the rules of people who may not read the organization's events (any more)."""
    owners = {
        (subject.organization, rule.user_pk)
        for subject, rules in zip(subjects, found, strict=True)
        for rule in rules
        if rule.user_pk is not None
    }
    if not owners:
        return found
    readers = may_read_events(owners)
    return [
        [rule for rule in rules if rule.user_pk is None or (subject.organization, rule.user_pk) in readers]
        for subject, rules in zip(subjects, found, strict=True)
    ]


_parsed: dict[tuple[int, int, datetime], Spec] = {}


def _specs(wanted: set[tuple[int, int, datetime]]) -> dict[int, Spec]:
    """The content of rules as they are now, by rule. Each version is read and parsed once by a process."""
    missing = wanted - _parsed.keys()
    if missing:
        if len(_parsed) > KEPT:
            _parsed.clear()
            missing = wanted
        found = specs_of((rule, version) for rule, version, _at in missing)
        _parsed.update({key: found[key[:2]] for key in missing})
    return {key[0]: _parsed[key] for key in wanted}


def specs_of(wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Spec]:
    """What rules were, by (rule, version). What is not kept any more is left out."""
    wanted = set(wanted)
    rows = RuleVersion.objects.filter(
        rule__among=list({rule for rule, _ in wanted}), number__in={number for _, number in wanted}
    )
    return {
        (rule, number): of_json(kept)
        for rule, number, kept in rows.values_list("rule", "number", "spec")
        if (rule, number) in wanted
    }
