"""The tests of a rules file: each event is simulated with the rules as the file would have them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.deliveries.simulate import Simulation, Told
    from tocsin.rules.as_code import Change, RuleFile, RuleTest

Who = dict[str, set[str]]


class Trial(NamedTuple):
    """What came of one test."""

    name: str
    passed: bool
    said: tuple[str, ...]
    """What was not as expected."""


def run(file: RuleFile, changes: Sequence[Change]) -> list[Trial]:
    """Try every test. Raises `InvalidInput` for events that cannot be, with their place in the file."""
    from tocsin import pipeline
    from tocsin.errors import FieldError, InvalidInput
    from tocsin.rules.as_code import lined

    drafts = [change.draft for change in changes if change.action != "keep"]
    trials, errors = [], []
    for index, test in enumerate(file.tests):
        event = {"organization": file.organization, "title": test.name} | dict(test.event)
        try:
            trials.append(_judge(test, pipeline.simulate(event, at=test.at, drafts=drafts)))
        except InvalidInput as error:
            errors += [
                FieldError(f"tests.{index}.event.{one.field}", one.message, one.remedy)
                for one in error.errors
            ]
    if errors:
        raise lined(errors, file.lines)
    return trials


def _judge(test: RuleTest, found: Simulation) -> Trial:
    from tocsin.deliveries.states import State

    keys = _keys_of([*test.expect, *(test.later or ())])
    later = [one for one in found.told if one.state == State.DEFERRED]
    now = [one for one in found.told if one.state == State.SENT]
    said = [*_compare(test.expect, [*now, *later], keys, "")]
    if test.later is not None:
        said += _compare(test.later, later, keys, " later")
    return Trial(test.name, not said, tuple(said))


def _keys_of(names: Sequence[str]) -> dict[str, str]:
    """What a simulation calls those whom the test names: people by their key."""
    from tocsin.recipients import users

    people = users.matching([name.removeprefix("user:") for name in names if name.startswith("user:")])
    return {f"user:{value}": f"user:{key}" for value, key in people.items()}


def _compare(
    expected: Mapping[str, Sequence[str]], told: Sequence[Told], keys: Mapping[str, str], when: str
) -> list[str]:
    got: Who = defaultdict(set)
    named, why = {}, {}
    for one in told:
        name = f"user:{one.user}" if one.user else f"{one.channel}:{one.address or one.name}"
        got[name].add(one.channel)
        named[name] = f"user:{one.name}" if one.user else name
        why[name, one.channel] = one.layer
    wanted: Who = {keys.get(name, name): set(channels) for name, channels in expected.items()}
    shown = {key: name for name, key in keys.items()}
    said = []
    for name in sorted(wanted.keys() | got.keys()):
        called = shown.get(name) or named.get(name, name)
        said += [
            f"{called} should be told{when} by {slug}" for slug in sorted(wanted.get(name, set()) - got[name])
        ]
        said += [
            f"{called} is told{when} by {slug}, because of {why[name, slug]}"
            for slug in sorted(got[name] - wanted.get(name, set()))
        ]
    return said
