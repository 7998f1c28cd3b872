"""What a rule says: parsed from a body with all errors at once, kept in versions, read by matching."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from tocsin.channels import registry
from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events import types
from tocsin.events.draft import clean_data
from tocsin.events.ids import number_of
from tocsin.levels import Level, parse_level
from tocsin.recipients import audiences
from tocsin.recipients.models import Destination
from tocsin.rules import conditions, registrations
from tocsin.schedule import windows
from tocsin.tenants.models import Project
from tocsin.tenants.organizations import organization_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_NAME, MAX_TYPES, MAX_CHANNELS, MAX_DESTINATIONS, MAX_PROJECTS = 100, 50, 20, 50, 100
MAX_OPTIONS = 8_000
MOST_NAMED = 50
PREFIX = re.compile(r"\A(?:[a-z0-9][a-z0-9_.-]*:)+\*\Z|\A\*\Z")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Spec:
    """A rule without its place in the database."""

    name: str
    event_types: tuple[str, ...]
    level: Level = Level.INFO
    projects: tuple[int, ...] = ()
    condition: Any = None
    hours: Any = None
    to: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    destinations: tuple[int, ...] = ()
    service: str = ""
    target: str = ""
    target_identifier: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    """What else the code that is registered needs to know."""
    active: bool = True
    stop: bool = False
    position: int = 0

    @property
    def is_action(self) -> bool:
        """Whether it wires a trigger to a service and a target, in place of naming an audience."""
        return bool(self.service)


NAMES = tuple(field.name for field in fields(Spec))


@dataclass(frozen=True, slots=True)
class Place:
    """Whose rule it is: an organization's, or that of one of its people."""

    organization: int
    user_pk: Any = None


def parse_spec(given: Mapping[str, Any], place: Place) -> Spec:
    """A rule's content from a body. Raises `InvalidInput` with every error, by paths such as "to.3"."""
    errors = [
        FieldError(str(name)[:80], "is no field of a rule.", nearest(str(name), NAMES))
        for name in [name for name in given if name not in NAMES][:MOST_NAMED]
    ]
    cleaned: dict[str, Any] = {}
    for name, clean in _CLEANERS.items():
        try:
            cleaned[name] = clean(given.get(name), place)
        except InvalidInput as error:
            errors += error.errors
    if not errors:
        errors += _judge_aim(cleaned, place)
    if errors:
        raise InvalidInput(*errors)
    spec = Spec(**cleaned)
    if spec.is_action:
        registrations.validate(spec, place)
    return spec


def as_json(spec: Spec) -> dict[str, Any]:
    """What is kept in a version, and what `of_json` reads."""
    return asdict(spec) | {"level": spec.level.slug}


def of_json(kept: Mapping[str, Any]) -> Spec:
    """The rule that a version kept; without what only a newer release knows."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in kept.items()
        if name in NAMES
    }
    return replace(Spec(**values), level=parse_level(kept["level"]))


def _judge_aim(cleaned: Mapping[str, Any], place: Place) -> list[FieldError]:
    """A rule aims at an audience, at destinations, or at a service's target: at one of them."""
    if cleaned["service"]:
        return _judge_action(cleaned)
    for name in ("target", "target_identifier", "options"):
        if cleaned[name]:
            return [FieldError(name, "goes with a service only.", "Name the service, or leave it out.")]
    if cleaned["destinations"]:
        told = "does not go with destinations: a rule that names them tells exactly those."
        return [FieldError(name, told, "Make a second rule.") for name in ("to", "channels") if cleaned[name]]
    if place.user_pk is None and not cleaned["to"]:
        return [FieldError("to", "is missing.", "Say who is told, or name destinations.")]
    if place.user_pk is not None and cleaned["to"]:
        return [FieldError("to", "is not for your own rule: it tells you.", "Leave it out.")]
    return []


def _judge_action(cleaned: Mapping[str, Any]) -> list[FieldError]:
    also = [name for name in ("to", "channels", "destinations") if cleaned[name]]
    errors = [FieldError(name, "does not go with a service.", "Leave one of the two out.") for name in also]
    if not cleaned["target"]:
        errors.append(FieldError("target", "is missing.", "Say what kind of target the service is to tell."))
    return errors


def _list(name: str, value: object, most: int) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple) or len(value) > most:
        raise invalid(name, f"must be a list of at most {most}.")
    return list(value)


def _each(name: str, values: list[Any], clean: Callable[[Any], Any]) -> tuple[Any, ...]:
    cleaned, errors = [], []
    for index, value in enumerate(values):
        try:
            cleaned.append(clean(value))
        except InvalidInput as error:
            errors += [FieldError(f"{name}.{index}", one.message, one.remedy) for one in error.errors]
    if errors:
        raise InvalidInput(*errors)
    return tuple(dict.fromkeys(cleaned))


def _text(name: str, value: object, most: int) -> str:
    text = "" if value is None else value
    if not isinstance(text, str) or len(text) > most or _UNFIT.search(text):
        raise invalid(name, f"must be one line of at most {most} characters.", "Shorten it.")
    return text.strip()


def _name(value: object, place: Place) -> str:
    name = _text("name", value, MAX_NAME)
    if not name:
        raise invalid("name", "is missing.", "Say in a few words what the rule is for.")
    return name


def clean_event_types(value: object, organization: int | None = None) -> tuple[str, ...]:
    """Types and patterns of types that are known, to an organization its own too. Raises `InvalidInput`."""
    given = _list("event_types", value, MAX_TYPES)
    if not given:
        raise invalid(
            "event_types", "is missing.", "Name event types, such as 'invoice:paid' or 'invoice:*'."
        )
    return _each("event_types", given, lambda one: _pattern(one, organization))


def _pattern(value: object, organization: int | None) -> str:
    if isinstance(value, str) and value.endswith("*"):
        if len(value) > types.MAX_KEY or not PREFIX.fullmatch(value):
            raise invalid("type", f"{value[:80]!r} is no pattern.", "Write 'invoice:*', or '*' for all.")
        return value
    return types.get_type(value, organization).key


def _projects(value: object, place: Place) -> tuple[int, ...]:
    given = _list("projects", value, MAX_PROJECTS)
    slugs = [slug for slug in given if isinstance(slug, str)]
    rows = Project.objects.filter(organization=place.organization, slug__in=slugs)
    known: dict[str, int] = dict(rows.values_list("slug", "pk"))

    def clean(slug: object) -> int:
        if not isinstance(slug, str) or slug not in known:
            raise invalid("project", f"{str(slug)[:80]!r} is not known.", "Give the slug of a project.")
        return known[slug]

    return _each("projects", given, clean)


def _to(value: object, place: Place) -> tuple[str, ...]:
    return tuple(
        map(
            str,
            audiences.parse(_list("to", value, audiences.MAX_TERMS), organization_slug(place.organization)),
        )
    )


def _channels(value: object, place: Place) -> tuple[str, ...]:
    def clean(slug: object) -> str:
        return registry.get(slug if isinstance(slug, str) else str(slug)[:80]).slug

    return _each("channels", _list("channels", value, MAX_CHANNELS), clean)


def destinations_of(value: object, place: Place) -> tuple[int, ...]:
    """Destinations of the owner, by id, or by channel and label, which mean the same in another database.

    Raises `InvalidInput` with paths such as "destinations.1".
    """
    given = _list("destinations", value, MAX_DESTINATIONS)
    owner = {"organization": place.organization} if place.user_pk is None else {"user": place.user_pk}
    rows = Destination.objects.filter(**owner, managed=False)
    numbers = [one for one in given if isinstance(one, str) and number_of(one) is not None]
    known: dict[Any, int] = {str(pk): pk for pk in rows.filter(pk__in=numbers).values_list("pk", flat=True)}
    if any(isinstance(one, dict) for one in given):
        known |= {(channel, label): pk for pk, channel, label in rows.values_list("pk", "channel", "label")}

    def clean(named: object) -> int:
        key: Any = named
        if isinstance(named, dict):
            key = (named.get("channel"), named.get("label")) if len(named) == 2 else ()
        if (
            not isinstance(key, str | tuple)
            or not all(isinstance(part, str) for part in key)
            or key not in known
        ):
            shown = str(named)[:60]
            raise invalid(
                "destination", f"{shown!r} is not known.", "Give an id as a string, or channel and label."
            )
        return known[key]

    return _each("destinations", given, clean)


def _options(value: object) -> dict[str, Any]:
    options = clean_data("options", value)
    if len(json.dumps(options)) > MAX_OPTIONS:
        raise invalid(
            "options", f"are longer than {MAX_OPTIONS} characters of JSON.", "Keep the rest elsewhere."
        )
    return options


def _flag(name: str, default: bool) -> Callable[[object, Place], bool]:
    def clean(value: object, place: Place) -> bool:
        if value is None:
            return default
        if not isinstance(value, bool):
            raise invalid(name, "must be true or false.")
        return value

    return clean


def _position(value: object, place: Place) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not -(10**6) <= value <= 10**6:
        raise invalid("position", "must be a whole number from -1000000 to 1000000.", "Lower ones go first.")
    return value


_CLEANERS: dict[str, Callable[[Any, Place], Any]] = {
    "name": _name,
    "event_types": lambda value, place: clean_event_types(value, place.organization),
    "level": lambda value, place: Level.INFO if value is None else parse_level(value),
    "projects": _projects,
    "condition": lambda value, place: conditions.parse(value, "condition"),
    "hours": lambda value, place: None if value is None else windows.as_json(windows.parse_hours(value)),
    "to": _to,
    "channels": _channels,
    "destinations": destinations_of,
    "service": lambda value, place: _text("service", value, 50),
    "target": lambda value, place: _text("target", value, 50),
    "target_identifier": lambda value, place: _text("target_identifier", value, 200),
    "options": lambda value, place: _options(value),
    "active": _flag("active", default=True),
    "stop": _flag("stop", default=False),
    "position": _position,
}
