"""Rules as a file: what it says, what it would change, and what its tests expect. Saved all or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import IntegrityError, transaction

from tocsin.channels import registry
from tocsin.conf import nearest
from tocsin.errors import Conflict, FieldError, InvalidInput, invalid
from tocsin.events.draft import MAX_TITLE, clean_time
from tocsin.rules import save
from tocsin.rules.bodies import DEFAULTS, bodies_of, located, portable
from tocsin.rules.match import RuleDraft
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place, parse_spec
from tocsin.rules.yaml_files import dump, load
from tocsin.tenants.audit import differing
from tocsin.tenants.models import Organization
from tocsin.tenants.organizations import organization_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tocsin.rules.spec import Spec

MOST_RULES, MOST_TESTS = 5_000, 1_000
NOBODYS = Place(0)
MEANWHILE = "The organization's rules were changed at the same moment. Nothing is saved; run it again."


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
    """What a file says, with what is wrong with its form in `errors`. Raises `InvalidInput` for what is no YAML."""
    value, lines = load(text)
    errors: list[FieldError] = []
    value = _object(value, "file", ("organization", "rules", "tests"), errors)
    place = _tried(lambda: _place(value.get("organization")), errors) or NOBODYS
    rules = _list(value.get("rules"), "rules", MOST_RULES, errors)
    tests = [
        _test(one, f"tests.{index}", errors)
        for index, one in enumerate(_list(value.get("tests"), "tests", MOST_TESTS, errors))
    ]
    return RuleFile(place, value.get("organization") or "", rules, tests, lines, errors)


def changes(file: RuleFile, *, prune: bool = False) -> list[Change]:
    """What the file would do to the organization's rules. Raises `InvalidInput` with all that is wrong with it."""
    stored = {rule.name: rule for rule in _stored(file.place)}
    found: list[Change] = []
    errors = list(file.errors)
    named: set[str] = set()
    for index, given in enumerate(file.rules if file.place != NOBODYS else ()):
        where = f"rules.{index}"
        try:
            spec = parse_spec(located(_object(given, where, None, errors), file.place), file.place)
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


def carry_out(found: Sequence[Change], place: Place, by: str) -> None:
    """Save what is to be changed, by one transaction. Raises `Conflict` if the rules are not what was compared."""
    try:
        with transaction.atomic():
            _hold(found, place)
            for change in found:
                if change.action == "delete" and change.rule is not None:
                    save.delete(change.rule, by)
                elif change.spec is not None and change.action != "keep":
                    save.write(change.spec, place, by, rule=change.rule, action=change.action)
    except IntegrityError:  # another one of this name, saved by somebody who holds no lock
        raise Conflict(MEANWHILE) from None


def _hold(found: Sequence[Change], place: Place) -> None:
    """Let no other file of the organization be applied meanwhile, and see that its rules are as they were."""
    Organization.objects.select_for_update(no_key=True).get(pk=place.organization)
    rows = Rule.objects.filter(organization=place.organization, user=None, deleted_at=None).order_by("pk")
    now = {
        name: (pk, version)
        for pk, version, name in rows.select_for_update().values_list("pk", "version", "name")
    }
    for change in found:
        if now.get(change.name) != ((change.rule.pk, change.rule.version) if change.rule else None):
            raise Conflict(MEANWHILE)


def lined(errors: Iterable[FieldError], lines: Mapping[str, int]) -> InvalidInput:
    """The errors in the order of their lines, each with the line of the value it is about."""
    placed = sorted(((_line(one.field, lines), one) for one in errors), key=lambda pair: pair[0])
    return InvalidInput(
        *(FieldError(f"{one.field} (line {line})", one.message, one.remedy) for line, one in placed)
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
    differs = differing(before, after)
    return Change("change" if differs else "keep", spec.name, spec, rule, differs)


def _test(given: object, where: str, errors: list[FieldError]) -> RuleTest:
    one = _object(given, where, ("name", "event", "at", "expect", "later"), errors)
    name = one.get("name")
    if not isinstance(name, str) or not name:
        errors.append(FieldError(f"{where}.name", "is missing.", "Say what is expected."))
    elif len(name) > MAX_TITLE or not name.isprintable():
        told = f"must be one line of at most {MAX_TITLE} characters."
        errors.append(FieldError(f"{where}.name", told, "Shorten it."))
    event = _object(one.get("event"), f"{where}.event", None, errors)
    if "organization" in event:
        told = "is the file's."
        errors.append(
            FieldError(f"{where}.event.organization", told, "Leave it out, or make a file of its own.")
        )
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
        errors += [FieldError(f"{where}.{name}", *wrong) for wrong in _wrong(name, channels)]
    return found


def _wrong(name: str, channels: object) -> Iterator[tuple[str, str]]:
    known = registry.carriers()
    kind, _, value = name.partition(":")
    if not value or kind not in ("user", *known):
        remedy = "Write user:NAME, or a channel with an address or a label, such as email:ops@example.com."
        yield "names nobody.", remedy
    if not isinstance(channels, list) or not all(isinstance(one, str) for one in channels):
        yield "must be a list of channels.", "Write [email, message]."
        return
    for slug in channels:
        if slug not in known:
            yield f"{slug[:80]!r} is no channel.", nearest(slug, known)


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


def _place(slug: object) -> Place:
    if slug is not None and not isinstance(slug, str):
        raise invalid("organization", "must be a text.", "Give the slug of an organization.")
    return Place(organization_id(slug or ""))


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
    place = Place(organization.pk)
    bodies = [portable(body, place) for body in bodies_of(save.specs_of(_stored(place)))]
    return dump({"organization": organization.slug, "rules": bodies})
