"""The tests of a rules file: each event is simulated with the rules as the file would have them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.deliveries.simulate import Simulation, Told
    from tocsin.errors import FieldError
    from tocsin.rules.as_code import Change, RuleFile, RuleTest

Who = dict[str, set[str]]


class Trial(NamedTuple):
    """What came of one test."""

    name: str
    passed: bool
    said: tuple[str, ...]
    """What was not as expected."""


def unfit(file: RuleFile) -> list[FieldError]:
    """What is wrong with the events of the tests, with their place in the file."""
    from tocsin import clock, pipeline
    from tocsin.errors import FieldError, InvalidInput

    errors = []
    for index, test in enumerate(file.tests):
        try:
            with clock.supposing(test.at or clock.now()):
                pipeline.parse(_event(file, test))
        except InvalidInput as error:
            errors += [
                FieldError(f"tests.{index}.event.{one.field}", one.message, one.remedy)
                for one in error.errors
            ]
    return errors


def run(file: RuleFile, changes: Sequence[Change]) -> list[Trial]:
    """Try every test of a file in which nothing is wrong."""
    from tocsin import pipeline

    drafts = [change.draft for change in changes if change.action != "keep"]
    return [
        _judge(test, pipeline.simulate(_event(file, test), at=test.at, drafts=drafts)) for test in file.tests
    ]


def _event(file: RuleFile, test: RuleTest) -> dict[str, Any]:
    return {"title": test.name} | dict(test.event) | {"organization": file.organization}


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
    """What a simulation calls those whom the test names: people by their key, addresses as they are cleaned."""
    from tocsin.recipients import users

    people = users.matching([name.removeprefix("user:") for name in names if name.startswith("user:")])
    keys = {f"user:{value}": f"user:{key}" for value, key in people.items()}
    return keys | {name: _cleaned(name) for name in names if not name.startswith("user:")}


def _cleaned(name: str) -> str:
    from tocsin.channels import registry
    from tocsin.channels.forms import clean_settings
    from tocsin.errors import InvalidInput

    slug, _, address = name.partition(":")
    channel = registry.carrier(slug)
    if not channel.takes_addresses:
        return name
    try:
        return f"{slug}:{clean_settings(channel.form, channel.address_settings(address)).identity}"
    except InvalidInput:  # no address, so it is a destination's label
        return name


def _compare(
    expected: Mapping[str, Sequence[str]], told: Sequence[Told], keys: Mapping[str, str], when: str
) -> list[str]:
    from tocsin.rules.operator import SETTINGS

    got: Who = defaultdict(set)
    named, why = {}, {}
    wanted: Who = {keys.get(name, name): set(channels) for name, channels in expected.items()}
    for one in told:
        labelled = f"{one.channel}:{one.name}"
        by_label = labelled in expected or not one.address
        address = labelled if by_label else f"{one.channel}:{one.address}"
        name = f"user:{one.user}" if one.user else keys.get(address, address)
        if one.layer.startswith(SETTINGS) and name not in wanted:  # another server's settings have others
            continue
        got[name].add(one.channel)
        named[name] = f"user:{one.name}" if one.user else address
        why[name, one.channel] = one.layer
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
