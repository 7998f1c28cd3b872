"""Rules as a file: what it says, what it would change, and what its tests expect. Saved all or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction

from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput
from tocsin.events.draft import clean_time
from tocsin.rules import save
from tocsin.rules.bodies import DEFAULTS, bodies_of, portable
from tocsin.rules.match import RuleDraft
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place, parse_spec
from tocsin.rules.yaml_files import dump, load
from tocsin.tenants.organizations import organization_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tocsin.rules.spec import Spec
    from tocsin.tenants.models import Organization

MOST_RULES, MOST_TESTS = 5_000, 1_000


class Change(NamedTuple):
    """What a file does to one rule."""

    action: str
    """create, change, keep or delete."""
    name: str
    spec: Spec | None
    rule: Rule | None
    differs: dict[str, tuple[Any, Any]]
    """By field, what it is and what it becomes."""

    @property
    def draft(self) -> RuleDraft:
        """The rule as it would be."""
        return RuleDraft(self.spec, None, self.rule.pk if self.rule else None)


class RuleTest(NamedTuple):
    """Given this event at this time, exactly these are told by these channels."""

    name: str
    event: Mapping[str, Any]
    at: datetime | None
    expect: Mapping[str, list[str]]
    later: Mapping[str, list[str]] | None
    """Of these, who is told when their hours open."""


@dataclass(slots=True)
class RuleFile:
    """A file that was read, with what is wrong so far."""

    place: Place
    organization: str
    rules: list[Any]
    tests: list[RuleTest]
    lines: dict[str, int]
    errors: list[FieldError] = field(default_factory=list)


def read(text: bytes) -> RuleFile:
    """What a file says. Raises `InvalidInput` with every error of its form, each with its line."""
    value, lines = load(text)
    errors: list[FieldError] = []
    value = _object(value, "file", ("organization", "rules", "tests"), errors)
    organization, place = value.get("organization") or "", Place(0)
    try:
        place = Place(organization_id(organization if isinstance(organization, str) else "?"))
    except InvalidInput as error:
        errors += error.errors
    rules = _list(value.get("rules"), "rules", MOST_RULES, errors)
    tests = [
        _test(one, f"tests.{index}", errors)
        for index, one in enumerate(_list(value.get("tests"), "tests", MOST_TESTS, errors))
    ]
    made = RuleFile(place, organization, rules, tests, lines, errors)
    if errors:
        raise lined(errors, lines)
    return made


def changes(file: RuleFile, *, prune: bool = False) -> list[Change]:
    """What the file would do to the organization's rules. Raises `InvalidInput` with all that is wrong with them."""
    stored = {rule.name: rule for rule in _stored(file.place)}
    found: list[Change] = []
    errors: list[FieldError] = []
    named: set[str] = set()
    for index, given in enumerate(file.rules):
        where = f"rules.{index}"
        try:
            spec = parse_spec(_object(given, where, None, errors), file.place)
        except InvalidInput as error:
            errors += [FieldError(f"{where}.{one.field}", one.message, one.remedy) for one in error.errors]
            continue
        if spec.name in named:
            errors.append(
                FieldError(f"{where}.name", f"{spec.name!r} is there twice.", "Keep one of the two.")
            )
        named.add(spec.name)
        found.append(_change(spec, stored.get(spec.name)))
    if errors:
        raise lined(errors, file.lines)
    others = [rule for name, rule in stored.items() if name not in named]
    return found + [Change("delete", rule.name, None, rule, {}) for rule in others if prune]


@transaction.atomic
def carry_out(found: Iterable[Change], place: Place, by: str) -> None:
    """Save what is to be changed, by one transaction."""
    for change in found:
        if change.action == "delete" and change.rule is not None:
            save.delete(change.rule, by)
        elif change.spec is not None and change.action != "keep":
            save.write(change.spec, place, by, rule=change.rule, action=change.action)


def lined(errors: Iterable[FieldError], lines: Mapping[str, int]) -> InvalidInput:
    """The errors, each with the line of the value it is about."""
    return InvalidInput(
        *(
            FieldError(f"{one.field} (line {_line(one.field, lines)})", one.message, one.remedy)
            for one in errors
        )
    )


def _line(path: str, lines: Mapping[str, int]) -> int:
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return lines.get(path, 1)


def _stored(place: Place) -> list[Rule]:
    return list(
        Rule.objects.filter(organization=place.organization, user=None, deleted_at=None).order_by("pk")
    )


def _change(spec: Spec, rule: Rule | None) -> Change:
    [after] = bodies_of([spec])
    if rule is None:
        differs = {name: (None, value) for name, value in after.items() if value != DEFAULTS.get(name)}
        return Change("create", spec.name, spec, None, differs)
    [before] = bodies_of([save.spec_of(rule)])
    differs = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    return Change("change" if differs else "keep", spec.name, spec, rule, differs)


def _test(given: object, where: str, errors: list[FieldError]) -> RuleTest:
    one = _object(given, where, ("name", "event", "at", "expect", "later"), errors)
    name = one.get("name")
    if not isinstance(name, str) or not name:
        errors.append(FieldError(f"{where}.name", "is missing.", "Say what is expected."))
    event = _object(one.get("event"), f"{where}.event", None, errors)
    at = _tried(lambda: clean_time(f"{where}.at", one.get("at")), errors)
    if "expect" not in one:
        errors.append(FieldError(f"{where}.expect", "is missing.", "Write {} where nobody is to be told."))
    later = one.get("later")
    return RuleTest(
        str(name),
        event,
        at,
        _channels(one.get("expect"), f"{where}.expect", errors),
        None if later is None else _channels(later, f"{where}.later", errors),
    )


def _channels(given: object, where: str, errors: list[FieldError]) -> dict[str, list[str]]:
    found = _object(given if given is not None else {}, where, None, errors)
    for name, channels in found.items():
        if not isinstance(channels, list) or not all(isinstance(one, str) for one in channels):
            errors.append(
                FieldError(f"{where}.{name}", "must be a list of channels.", "Write [email, message].")
            )
    return found


def _tried(clean: Callable[[], Any], errors: list[FieldError]) -> Any:
    try:
        return clean()
    except InvalidInput as error:
        errors += error.errors
        return None


def _object(
    given: object, where: str, known: tuple[str, ...] | None, errors: list[FieldError]
) -> dict[str, Any]:
    if not isinstance(given, dict):
        errors.append(
            FieldError(where, "must be names with values.", "Write `name: value`, a line for each.")
        )
        return {}
    errors += [
        FieldError(f"{where}.{name}".removeprefix("file."), "is no field here.", nearest(name, known or ()))
        for name in given
        if known is not None and name not in known
    ]
    return given


def _list(given: object, where: str, most: int, errors: list[FieldError]) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > most:
        errors.append(
            FieldError(where, f"must be a list of at most {most}.", "Begin each entry with a dash.")
        )
        return []
    return given


def left(file: RuleFile, found: Iterable[Change]) -> list[str]:
    """The names of the organization's rules of which the file says nothing."""
    named = {change.name for change in found}
    return [rule.name for rule in _stored(file.place) if rule.name not in named]


def written(organization: Organization) -> str:
    """The organization's rules as a file that `read` takes."""
    rules = _stored(Place(organization.pk))
    bodies = [portable(body) for body in bodies_of(save.specs_of(rules))]
    return dump({"organization": organization.slug, "rules": bodies})
