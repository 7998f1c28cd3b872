"""Rules are saved, deleted and put back: row, version, place in the index and audit log by one commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F

from tocsin import clock
from tocsin.errors import Conflict, InvalidInput, invalid, overtaken
from tocsin.rules import index
from tocsin.rules.models import Rule, RuleVersion
from tocsin.rules.spec import NAMES, Place, Spec, as_json, of_json, parse_spec
from tocsin.tenants.audit import note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def place_of(rule: Rule) -> Place:
    """Whose rule it is."""
    return Place(rule.organization_id, rule.user_id)


def save(
    given: Mapping[str, Any], place: Place, by: str, rule: Rule | None = None, *, version: int | None = None
) -> Rule:
    """Store a new rule, or other content of one; with `version` only if it is still that one.

    Raises `InvalidInput` with every error, and `Conflict` for another version; then nothing is stored.
    """
    spec = parse_spec(given, place)
    return write(spec, place, by, rule=rule, action="change" if rule else "create", version=version)


@transaction.atomic
def write(
    spec: Spec, place: Place, by: str, *, rule: Rule | None, action: str, version: int | None = None
) -> Rule:
    """Store content that is clean already."""
    _refuse_twin(spec, place, rule)
    before: dict[str, Any] = {}
    if rule is None:
        rule = Rule(
            organization_id=place.organization, user_id=place.user_pk, version=0, created_at=clock.now()
        )
    else:
        rule = Rule.objects.select_for_update().get(pk=rule.pk)
        _refuse_stale(rule, version)
        before = as_json(spec_of(rule)) if rule.deleted_at is None else {}
    now = clock.now()
    for name in NAMES:
        value = getattr(spec, name)
        setattr(rule, name, list(value) if isinstance(value, tuple) else value)
    rule.version, rule.updated_at, rule.deleted_at = rule.version + 1, now, None
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError:  # another one of this name, saved at the same moment
        raise _taken(spec) from None
    _keep(rule, spec, action, by)
    index.enter(rule, spec)
    note(rule.organization_id, by, f"rule.{action}", f"rule:{rule.pk}", before=before, after=as_json(spec))
    return rule


@transaction.atomic
def delete(rule: Rule, by: str) -> None:
    """Take a rule out of use. Its versions stay, so that `explain` can speak of it and `undo` bring it back."""
    rule = Rule.objects.select_for_update().get(pk=rule.pk)
    if rule.deleted_at is not None:
        return
    spec = spec_of(rule)
    rule.version, rule.deleted_at = rule.version + 1, clock.now()
    rule.updated_at = rule.deleted_at
    rule.save(update_fields=["version", "deleted_at", "updated_at"])
    _keep(rule, spec, "delete", by)
    index.enter(rule, spec)
    note(rule.organization_id, by, "rule.delete", f"rule:{rule.pk}", before=as_json(spec), after={})


def undo(rule: Rule, by: str) -> Rule:
    """Bring back what a rule was before its last change. Raises `Conflict` for one that was never changed."""
    versions = list(RuleVersion.objects.filter(rule=rule.pk).order_by("-number")[:2])
    if len(versions) < 2:
        raise Conflict("This rule was never changed. Delete it instead.")
    back = versions[0] if versions[0].action == "delete" else versions[1]
    return write(of_json(back.spec), place_of(rule), by, rule=rule, action="undo")


def spec_of(rule: Rule) -> Spec:
    """A rule's content as it is now."""
    return specs_of([rule])[0]


def specs_of(rules: Sequence[Rule]) -> list[Spec]:
    """The content of rules as they are now."""
    kept = RuleVersion.objects.filter(rule__among=[rule.pk for rule in rules], number=F("rule__version"))
    specs = dict(kept.values_list("rule", "spec"))
    return [of_json(specs[rule.pk]) for rule in rules]


def switch(rule: Rule, by: str, *, active: bool) -> Rule:
    """Switch a rule on or off."""
    return write(replace(spec_of(rule), active=active), place_of(rule), by, rule=rule, action="change")


def _keep(rule: Rule, spec: Spec, action: str, by: str) -> None:
    RuleVersion.objects.create(
        rule=rule,
        number=rule.version,
        organization_id=rule.organization_id,
        spec=as_json(spec),
        action=action,
        by=by[:200],
        at=rule.updated_at,
    )


def _refuse_stale(rule: Rule, version: int | None) -> None:
    if version is not None and version != rule.version:
        last = RuleVersion.objects.get(rule=rule.pk, number=rule.version)
        raise overtaken(last.by, last.at, rule.version)


def _refuse_twin(spec: Spec, place: Place, rule: Rule | None) -> None:
    others = Rule.objects.filter(
        organization=place.organization, user=place.user_pk, name=spec.name, deleted_at__isnull=True
    )
    if others.exclude(pk=rule.pk if rule else None).exists():
        raise _taken(spec)


def _taken(spec: Spec) -> InvalidInput:
    return invalid("name", f"{spec.name!r} is taken.", "Choose another name.")
