"""Registrations of Sentry as registrations of ours: names for numbers, rules for actions, errors by field."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin import pipeline
from tocsin.adapters.sentry.actions import ActionRegistration, NotificationAction
from tocsin.adapters.sentry.kinds import SERVICES, TARGETS, TRIGGERS, ActionService, ActionTarget
from tocsin.channels.outcomes import Outcome
from tocsin.errors import FieldError, InvalidInput
from tocsin.events import types
from tocsin.rules import registrations
from tocsin.tenants.models import Organization, Role, Team

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.adapters.sentry.actions import Key

PERSONAL = "sentry:notification"
EXTRA = ("integration_id", "sentry_app_id", "target_display")
"""What an action has besides what a rule has: kept among its options."""


def install() -> None:
    """Connect what is registered, and what will be."""
    if PERSONAL not in types.types():
        types.event_type(PERSONAL, label="Notification action", channels=["message", "email"])
    for target in (ActionTarget.USER, ActionTarget.TEAM, ActionTarget.SPECIFIC):
        registrations.register_action(
            "*", SERVICES.name(ActionService.SENTRY_NOTIFICATION), TARGETS.name(target)
        )(Personally)
    NotificationAction.connect = connect
    for _, service in SERVICES.all():
        registrations.register_service(service, service)
    for key in list(NotificationAction._registry):
        connect(key)


def connect(key: Key) -> None:
    """Carry out our rules of this trigger, service and target by what is registered for it."""
    trigger, service, target = TRIGGERS.name(key[0]), SERVICES.name(key[1]), TARGETS.name(key[2])
    if trigger not in types.types():
        types.event_type(trigger, label=trigger.replace("-", " ").capitalize())
    registrations.register_service(service, service)
    if target not in registrations.targets():
        registrations.register_target(target, target)
    registrations.register_action(trigger, service, target)(_carried(NotificationAction._registry[key]))


@cache
def _carried(made: type[ActionRegistration]) -> type[Carried]:
    """One class of ours for each of theirs, with its name: connected twice, it is the same."""
    body = {"made": made, "__module__": made.__module__, "__qualname__": made.__qualname__}
    return type(made.__name__, (Carried,), body)


class Carried(registrations.Action):
    """Hands over to a registration of Sentry."""

    made: ClassVar[type[ActionRegistration]]

    def fire(self, data: Mapping[str, Any]) -> Outcome | None:
        answer: object = self.made(action=action_of(self.rule, str(data["type"]))).fire(data)
        return answer if isinstance(answer, Outcome) else None

    @classmethod
    def validate_action(cls, action: Mapping[str, Any]) -> None:
        shown = action_of(action, next(iter(action["event_types"]), ""))
        given = {name: getattr(shown, name) for name in
                 ("trigger_type", "service_type", "target_type", "target_identifier", *EXTRA)}  # fmt: skip
        try:
            cls.made.validate_action(data={name: value for name, value in given.items() if value is not None})
        except Exception as error:
            if not hasattr(error, "detail"):  # Django's own, and whatever else, is worded by who asked
                raise
            raise InvalidInput(*_errors(error.detail)) from None

    @classmethod
    def serialize_available(
        cls, organization: str, destinations: list[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        row = Organization.objects.get(slug=organization)
        integrations = [Integration(int(one["id"]), one["channel"], one["label"]) for one in destinations]
        return cls.made.serialize_available(organization=row, integrations=integrations)


@dataclass(frozen=True)
class Integration:
    """One of the organization's destinations, as a registration looks at integrations."""

    id: int
    provider: str
    name: str


class Personally(registrations.Action):
    """Tells people in the inbox and by mail, as they wish: by an event of its own, once for each that it is about."""

    def fire(self, data: Mapping[str, Any]) -> None:
        forced = "email" if "@" in self.rule["target_identifier"] else ""
        pipeline.notify(
            PERSONAL, title=data["title"], body=data["body"], level=data["level"], url=data["url"] or "",
            data=data["data"], to=_people(self.rule), organization=self.rule["organization"],
            project=data.get("project") or "", channel=forced,
            dedupe_key=f"sentry:{self.rule['id']}:{data['id']}",
        )  # fmt: skip


def _people(rule: Mapping[str, Any]) -> list[str]:
    """Whom an action names: a user, a team, an address, or nobody, which means those who keep the organization."""
    named = rule["target_identifier"]
    if rule["target"] == "user":
        return [f"user:{named}"]
    if rule["target"] == "team":
        return [f"team:{_team(named, rule['organization'])}"]
    if "@" in named:
        return [f"email:{named}"]
    return [f"role:{role.value}" for role in (Role.OWNER, Role.ADMIN, Role.MANAGER)]


def _team(named: str, organization: str) -> str:
    """A team's slug, by its slug or its number."""
    teams = Team.objects.filter(organization__slug=organization)
    by_number = teams.filter(pk=named).first() if named.isdigit() and len(named) < 19 else None
    return by_number.slug if by_number else named


def action_of(rule: Mapping[str, Any], trigger: str) -> NotificationAction:
    """A rule in Sentry's words."""
    options = rule.get("options") or {}
    numbers = TRIGGERS.number(trigger), SERVICES.number(rule["service"]), TARGETS.number(rule["target"])
    first, second, third = (-1 if number is None else number for number in numbers)
    return NotificationAction(
        first, second, third,
        target_identifier=rule["target_identifier"],
        target_display=options.get("target_display") or "",
        id=int(rule["id"]) if rule.get("id") else None,
        organization_id=Organization.objects.values_list("pk", flat=True).get(slug=rule["organization"]),
        integration_id=options.get("integration_id"),
        sentry_app_id=options.get("sentry_app_id"),
    )  # fmt: skip


def _errors(detail: Any) -> Iterator[FieldError]:
    """The errors of DRF's ValidationError: a list, or lists by field."""
    named = detail if isinstance(detail, dict) else {"target_identifier": detail}
    for name, said in named.items():
        for one in said if isinstance(said, list) else [said]:
            field = "target_identifier" if name == "non_field_errors" else str(name)
            yield FieldError(field, str(one))
