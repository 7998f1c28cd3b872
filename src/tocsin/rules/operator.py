"""The operator's rules: a part of the settings, heard by events of every organization, and never in the database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.signals import setting_changed

from tocsin import conf
from tocsin.channels import registry
from tocsin.channels.forms import clean_settings
from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.levels import Level, parse_level
from tocsin.rules import conditions
from tocsin.rules.match import Decision, decide
from tocsin.rules.spec import Spec, clean_event_types
from tocsin.schedule import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tocsin.channels.base import Channel
    from tocsin.channels.forms import CleanSettings
    from tocsin.rules.match import Subject

    Source = Callable[[], Iterator[tuple[str, Mapping[str, Any] | InvalidInput]]]

SETTINGS = "settings"
KEYS = ("name", "channel", "level", "event_types", "condition", "hours", "settings", "active")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
RECIPIENTS = "recipients"
"""Another name for the field of a channel's address."""
MOST_TARGETS = 100


@dataclass(frozen=True, slots=True)
class OperatorRule:
    """One entry of `TOCSIN["RULES"]`."""

    name: str
    channel: str
    spec: Spec
    targets: tuple[CleanSettings, ...] = field(repr=False)
    """Where it tells: one for each address or channel that is listed. Secrets are inside."""

    @property
    def layer(self) -> str:
        """Its name in every row that it causes."""
        return f"{SETTINGS}:{self.name}"

    def ref(self, index: int) -> str:
        """What a row keeps of one of its targets."""
        return f"{self.layer}#{index}"


@dataclass(slots=True)
class _Read:
    """What came of the setting."""

    rules: dict[str, OperatorRule] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    warnings: list[FieldError] = field(default_factory=list)


def operator_rules() -> tuple[OperatorRule, ...]:
    """The rules that can be used; what is wrong with the others is told by `problems`."""
    return tuple(_read().rules.values())


def rule_named(name: str) -> OperatorRule | None:
    """The rule of this name, if it is there (still)."""
    return _read().rules.get(name)


def matching_operator(subject: Subject) -> list[OperatorRule]:
    """The operator's rules that apply to an event."""
    return [rule for rule in operator_rules() if rule.spec.active and decide_operator(rule, subject).matched]


def decide_operator(rule: OperatorRule, subject: Subject) -> Decision:
    """Whether a rule of the operator applies to an event, and why not."""
    return decide(rule.spec, subject)


def target(ref: str) -> tuple[OperatorRule, CleanSettings] | None:
    """The settings that a row's `destination_ref` means today; None where they are gone."""
    name, _, index = ref.removeprefix(f"{SETTINGS}:").partition("#")
    rule = rule_named(name)
    if rule is None or not rule.spec.active or not index.isdigit() or int(index) >= len(rule.targets):
        return None
    return rule, rule.targets[int(index)]


def problems() -> tuple[list[FieldError], list[FieldError]]:
    """Errors and warnings of `TOCSIN["RULES"]`, for the system checks. No value of a setting is repeated."""
    read = _read()
    return read.errors, read.warnings


_sources: list[Source] = []


def add_source(source: Source) -> None:
    """Let an adapter give rules too, from settings of its own: (where one is written, what stands there)."""
    if source not in _sources:
        _sources.append(source)
    _read.cache_clear()


def _given() -> Iterator[tuple[str, Any, Callable[[str], Channel]]]:
    """Where a rule is written, what stands there, and where it may find its channel."""
    for index, given in enumerate(conf.get("RULES")):
        yield f"TOCSIN['RULES'][{index}]", given, registry.get
    for source in _sources:
        for where, given in source():
            yield where, given, registry.carrier


@cache
def _read() -> _Read:
    read = _Read()
    for where, given, channel_of in _given():
        try:
            if isinstance(given, InvalidInput):
                raise given
            rule = _rule(given, read, where, channel_of)
        except InvalidInput as error:
            read.errors += [
                FieldError(f"{where}.{one.field}", one.message, one.remedy) for one in error.errors
            ]
            continue
        if rule.name in read.rules:
            read.errors.append(
                FieldError(f"{where}.name", f"{rule.name!r} is there twice.", "Choose another.")
            )
        elif rule.targets:
            read.rules[rule.name] = rule
    return read


def _rule(
    given: Mapping[str, Any], read: _Read, where: str, channel_of: Callable[[str], Channel]
) -> OperatorRule:
    unknown = [
        FieldError(str(name), "is no key of a rule.", nearest(str(name), KEYS))
        for name in given
        if name not in KEYS
    ]
    if unknown:
        raise InvalidInput(*unknown)
    name = given.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise invalid("name", "must be a short name.", "Use at most 30 of a-z, 0-9, _ and -.")
    slug = given.get("channel")
    channel = channel_of(slug if isinstance(slug, str) else str(slug)[:50])
    if channel.in_app:
        raise invalid("channel", f"{channel.slug!r} needs a person.", "Name a channel that sends somewhere.")
    condition, hours = given.get("condition"), given.get("hours")
    spec = Spec(
        name=name,
        event_types=clean_event_types(given.get("event_types", ["*"])),
        level=parse_level(given.get("level", Level.INFO)),
        condition=conditions.parse(condition),
        hours=None if hours is None else windows.as_json(windows.parse_hours(hours)),
        channels=(channel.slug,),
        active=given.get("active", True) is True,
    )
    settings = given.get("settings", {})
    if not isinstance(settings, dict):
        raise invalid("settings", "must be a dict.", "Write the channel's settings.")
    if empty := [key for key, value in settings.items() if value in ("", None, [], ())]:
        said = f"is switched off: {', '.join(empty)} of its settings is empty."
        read.warnings.append(
            FieldError(where, said, "Set the variable that it is taken from, or take the rule out.")
        )
        return OperatorRule(name, channel.slug, spec, ())
    each = _each(settings, channel.address_field)
    return OperatorRule(
        name, channel.slug, spec, tuple(clean_settings(channel.form, one, by_operator=True) for one in each)
    )


def _each(settings: Mapping[str, Any], address_field: str) -> list[dict[str, Any]]:
    """Settings of one target each, where a field lists several. What is given is not changed."""
    own = dict(settings)
    if RECIPIENTS in own and address_field:
        own[address_field] = own.pop(RECIPIENTS)
    lists = {name: _listed(name, value, address_field) for name, value in own.items()}
    several = {name: values for name, values in lists.items() if values is not None}
    if len(several) > 1:
        raise invalid("settings", f"has {len(several)} lists: {', '.join(several)}.", "Make a rule for each.")
    for name, values in several.items():
        if len(values) > MOST_TARGETS:
            raise invalid(
                f"settings.{name}", f"has more than {MOST_TARGETS} entries.", "Name a list or a group."
            )
        return [{**own, name: value} for value in values]
    return [own]


def _listed(name: str, value: Any, address_field: str) -> list[Any] | None:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str) and name in (address_field, "channel") and "," in value:
        return [part.strip() for part in value.split(",") if part.strip()]
    return None


def _forget(**given: Any) -> None:
    if conf.feeds(given["setting"]):
        _read.cache_clear()


setting_changed.connect(_forget)
