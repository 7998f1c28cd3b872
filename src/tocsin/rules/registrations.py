"""Registrations: code of a host or of a package that carries out rules wiring a trigger to a service and a target.

The three names are open: event types and prefixes of them, channels and `register_service`, `register_target`.
"""

from __future__ import annotations

import json
import logging
import re
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from tocsin.channels import registry
from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events import types
from tocsin.recipients import audiences, resolve
from tocsin.recipients.models import Destination
from tocsin.rules.index import patterns_of
from tocsin.tenants.models import Team
from tocsin.tenants.organizations import organization_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from tocsin.channels.outcomes import Outcome
    from tocsin.recipients.audiences import Term
    from tocsin.rules.spec import Place, Spec

logger = logging.getLogger("tocsin.rules")

SPECIFIC = "specific"
TARGETS = {"user": "user", "team": "team", "destination": "destination"}
"""What a target means as an audience, where nothing is registered; "specific" is an address on the channel."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")


class Action:
    """Base of registrations, one object for each call. Only `fire` must be written."""

    def __init__(self, rule: Mapping[str, Any]) -> None:
        self.rule = rule
        """The rule as the event met it: id, version, name, service, target, target_identifier, options …"""

    def fire(self, data: Mapping[str, Any]) -> Outcome | None:
        """Do it. `data` is the event as JSON, and `rule`. None is Sent; an exception is tried again later."""
        raise NotImplementedError

    @classmethod
    def validate_action(cls, action: Mapping[str, Any]) -> None:
        """Called when such a rule is saved. Raise `tocsin.errors.InvalidInput` or Django's ValidationError."""

    @classmethod
    def serialize_available(
        cls, organization: str, destinations: list[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """What a form for such rules may offer in this organization; its destinations have id, channel and label."""
        return []


class Wiring(NamedTuple):
    """What a registration is for."""

    trigger: str
    service: str
    target: str

    def __str__(self) -> str:
        return f"{self.trigger} → {self.service} → {self.target}"


A = TypeVar("A", bound=Action)

_actions: dict[Wiring, type[Action]] = {}
_services: dict[str, Any] = {}
_targets: dict[str, Any] = {}


def register_action(trigger: str, service: str, target: str) -> Callable[[type[A]], type[A]]:
    """Decorate a subclass of `Action`: it carries out rules about `trigger` ("audit:login", "audit:*") so wired.

    Put it into an app's `notifications.py`. Raises `InvalidInput` where another class has the wiring already. Whether
    trigger, service and target are known is looked at when all apps are loaded, by Django's system checks.
    """
    wiring = Wiring(trigger, service, target)

    def register(action: type[A]) -> type[A]:
        first = _actions.setdefault(wiring, action)
        if first is not action:
            remedy = f"Keep one of {_name_of(first)} and {_name_of(action)}."
            raise invalid("register_action", f"{wiring} is registered twice.", remedy)
        return action

    return register


def register_service(slug: str, label: Any) -> None:
    """Let rules name a service that is no channel. Raises `InvalidInput`, as `register_target` does."""
    _enter(_services, "service", slug, label)


def register_target(slug: str, label: Any) -> None:
    """Let rules name another kind of target. Raises `InvalidInput` for no slug, or one of another label."""
    if slug in TARGETS or slug == SPECIFIC:
        raise invalid("target", f"{slug!r} is always there.", "Leave it out, or choose another name.")
    _enter(_targets, "target", slug, label)


def _enter(kept: dict[str, Any], kind: str, slug: str, label: Any) -> None:
    if not isinstance(slug, str) or not _NAME.fullmatch(slug):
        raise invalid(kind, f"{slug!r} is no slug.", "Use at most 50 of a-z, 0-9, _ and -, a letter first.")
    if kept.setdefault(slug, label) != label:
        raise invalid(kind, f"{slug!r} is registered twice, differently.", "Keep one of the two.")


def services() -> dict[str, Any]:
    """What a rule may name as a service: slug → label."""
    reached = {slug: channel.label for slug, channel in registry.channels().items()}
    return _services | reached


def targets() -> dict[str, Any]:
    """What a rule may name as a target: slug → label."""
    return _targets | {
        "user": _("A person"), "team": _("A team"), "destination": _("A destination"), SPECIFIC: _("An address"),
    }  # fmt: skip


def find(event_type: str, service: str, target: str) -> type[Action] | None:
    """What is registered for a type or a pattern of types: the most specific trigger decides."""
    wired = (_actions.get(Wiring(trigger, service, target)) for trigger in patterns_of(event_type))
    return next((action for action in wired if action is not None), None)


def validate(spec: Spec, place: Place) -> None:
    """Whether an action rule can be carried out. Raises `InvalidInput` with what is wrong, by field."""
    if place.user_pk is not None:
        raise invalid("service", "is for rules of an organization.", "Name channels or destinations.")
    errors = [
        *_unknown("service", spec.service, services()),
        *_unknown("target", spec.target, targets()),
    ]
    if errors:
        raise InvalidInput(*errors)
    for action in _concerned(spec):
        _ask(action, spec, place)
    if not _is_covered(spec, spec.event_types):
        _validate_plain(spec, place)


def plain_term(spec: Spec) -> Term | None:
    """Whom an action rule tells where nothing is registered for it; None where only code could carry it out."""
    try:
        # Whose team it is was asked when the rule was saved, and planning asks again.
        return _plain_term(spec, spec.target_identifier.rpartition("/")[0])
    except InvalidInput:
        return None


def note_of(spec: Spec, event_types: Collection[str] = ()) -> str:
    """How an action rule is carried out where nothing is registered for it; empty for all others.

    `event_types`: for events of these alone, in place of all that it is about.
    """
    if not spec.is_action or _is_covered(spec, event_types or spec.event_types):
        return ""
    words = {"service": spec.service, "target": spec.target}
    if plain_term(spec) is None:
        return _("Nothing is registered for %(service)s and %(target)s any more.") % words
    if not event_types and _concerned(spec):
        return (
            _(
                "For some of its types nothing is registered for %(service)s and %(target)s: "
                "those are written and sent like any other message."
            )
            % words
        )
    return (
        _(
            "Nothing is registered for %(service)s and %(target)s: it is written and sent like any other message."
        )
        % words
    )


def available(organization: int) -> list[dict[str, Any]]:
    """What every registration offers in an organization. One that fails costs only its own answer."""
    rows = Destination.objects.filter(organization=organization).order_by("pk")
    destinations = [
        {"id": str(pk), "channel": channel, "label": label}
        for pk, channel, label in rows.values_list("pk", "channel", "label")
    ]
    slug = organization_slug(organization)
    return [_offer(wiring, action, slug, destinations) for wiring, action in sorted(_actions.items())]


def problems() -> Iterator[FieldError]:
    """What is wrong with what is registered, for the system checks. Raises `InvalidInput` for wrong event types."""
    triggers = {pattern for key in types.types() for pattern in patterns_of(key)}
    known = {"trigger": triggers, "service": services(), "target": targets()}
    for wiring, action in _actions.items():
        name = f"register_action({str(wiring)!r}) on {_name_of(action)}"
        if not (isinstance(action, type) and issubclass(action, Action) and action.fire is not Action.fire):
            yield FieldError(name, "is no subclass of tocsin.Action with fire().", "Write one.")
        elif iscoroutinefunction(action.fire):
            yield FieldError(name, "has an async fire().", "Write def fire(self, data).")
        for kind, slug in wiring._asdict().items():
            if kind == "service" and slug in registry.missing():
                lacking = registry.missing()[slug]
                yield FieldError(name, f"names {slug!r}, which {lacking.brief}.", lacking.problem.remedy)
            elif slug not in known[kind]:
                yield FieldError(name, f"has an unknown {kind} {slug!r}.", nearest(str(slug), known[kind]))


def about(spec: Spec, organization: str) -> dict[str, Any]:
    """An action rule as its registration is shown it."""
    return {
        "name": spec.name, "organization": organization, "event_types": list(spec.event_types),
        "level": spec.level.slug, "service": spec.service, "target": spec.target,
        "target_identifier": spec.target_identifier, "options": dict(spec.options),
    }  # fmt: skip


def _concerned(spec: Spec) -> list[type[Action]]:
    """The registrations that any event of the rule's types may lead to."""
    found = {}
    for wiring, action in _actions.items():
        if (wiring.service, wiring.target) == (spec.service, spec.target):
            trigger = wiring.trigger
            if any(_within(trigger, pattern) or _within(pattern, trigger) for pattern in spec.event_types):
                found[action] = True
    return list(found)


def _is_covered(spec: Spec, patterns: Collection[str]) -> bool:
    """Whether there is a registration for every event of these types."""
    return all(find(pattern, spec.service, spec.target) for pattern in patterns)


def _within(narrow: str, wide: str) -> bool:
    return narrow == wide or (wide.endswith("*") and narrow.startswith(wide.removesuffix("*")))


def _ask(action: type[Action], spec: Spec, place: Place) -> None:
    """Let a registration judge a rule. Where that itself fails, nothing is saved either."""
    try:
        action.validate_action(about(spec, organization_slug(place.organization)))
    except ValidationError as error:
        said = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        raise InvalidInput(
            *(
                FieldError("target_identifier" if name == NON_FIELD_ERRORS else name, message, "")
                for name, messages in said.items()
                for message in messages
            )
        ) from None
    except InvalidInput:
        raise
    except Exception as error:
        logger.exception("%s could not judge a rule", _name_of(action))
        words = f"cannot be judged: {_name_of(action)} raised {type(error).__name__}."
        raise invalid("service", words, "Its traceback is in the log.") from None


def _validate_plain(spec: Spec, place: Place) -> None:
    """Whether a rule can be written and sent like any other message, to somebody who is there."""
    term = _plain_term(spec, organization_slug(place.organization))
    if not _exists(spec, term, place.organization):
        raise invalid(
            "target_identifier",
            f"{spec.target_identifier!r} is not known.",
            f"Name a {spec.target} of the organization.",
        )


def _plain_term(spec: Spec, organization: str) -> Term:
    if spec.service not in registry.channels():
        raise invalid(
            "service",
            f"{spec.service!r} is no channel, and nothing is registered for it here.",
            "Name a channel.",
        )
    if spec.target not in TARGETS and spec.target != SPECIFIC:
        raise invalid(
            "target",
            f"nothing is registered for {spec.target!r} with these types.",
            f"Use one of: {', '.join(TARGETS)}, specific.",
        )
    if not spec.target_identifier:
        raise invalid("target_identifier", "is missing.", f"Say which {spec.target}.")
    kind = TARGETS.get(spec.target, spec.service)
    try:
        [term] = audiences.parse([f"{kind}:{spec.target_identifier}"], organization)
    except InvalidInput as error:
        raise InvalidInput(
            *(FieldError("target_identifier", one.message, one.remedy) for one in error.errors)
        ) from None
    return term


def _exists(spec: Spec, term: Term, organization: int) -> bool:
    if spec.target == "user":
        return bool(resolve.keys_of([term], organization))
    if spec.target == "team":
        teams = Team.objects.filter(organization=organization)
        return bool(teams.filter(slug=term.value.rpartition("/")[2]).exists())
    if spec.target == "destination":
        return Destination.objects.filter(organization=organization, pk=int(term.value)).exists()
    return True


def _unknown(field: str, slug: str, names: Mapping[str, Any]) -> Iterator[FieldError]:
    if slug not in names:
        message = f"{slug!r} is not known." if slug else "is missing."
        yield FieldError(field, message, nearest(slug, names))


def _offer(
    wiring: Wiring, action: type[Action], organization: str, destinations: list[dict[str, Any]]
) -> dict[str, Any]:
    offer: dict[str, Any] = {**wiring._asdict(), "available": [], "error": None}
    try:
        found = action.serialize_available(organization, [dict(one) for one in destinations])
        if not isinstance(found, list | tuple):
            raise TypeError(f"serialize_available answered {type(found).__name__}, which is no list")
        return offer | {"available": json.loads(json.dumps(found, cls=DjangoJSONEncoder, allow_nan=False))}
    except Exception as error:
        logger.exception("%s could not say what is available", wiring)
        return offer | {"error": f"{type(error).__name__} was raised."}


def _name_of(action: type[Action]) -> str:
    return f"{action.__module__}.{getattr(action, '__qualname__', repr(action))}"
