"""Notification actions as Sentry's REST interface shows and takes them: camelCase, names in place of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.sentry.kinds import SERVICES, TARGETS, TRIGGERS
from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.recipients.models import Destination
from tocsin.rules import registrations, save
from tocsin.rules.bodies import bodies_of
from tocsin.rules.models import Rule
from tocsin.tenants.models import Organization, Project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.rules.spec import Spec

FIELDS = (
    "triggerType", "serviceType", "targetType", "targetIdentifier", "targetDisplay", "integrationId", "sentryAppId",
    "projects",
)  # fmt: skip
OURS = {
    "service": "serviceType", "target": "targetType", "target_identifier": "targetIdentifier", "type": "triggerType",
    "event_types": "triggerType", "project": "projects", "integration_id": "integrationId",
    "sentry_app_id": "sentryAppId", "target_display": "targetDisplay", "trigger_type": "triggerType",
    "service_type": "serviceType", "target_type": "targetType",
}  # fmt: skip
SEVERAL = 100


def is_action(spec: Spec) -> bool:
    """Whether a rule is one that this interface shows."""
    if not spec.is_action or len(spec.event_types) != 1:
        return False
    numbers = TRIGGERS.number(spec.event_types[0]), SERVICES.number(spec.service)
    return None not in numbers


def shown(rule: Rule, spec: Spec) -> dict[str, Any]:
    """One action."""
    options = spec.options
    return {
        "id": rule.pk,
        "organizationId": rule.organization_id,
        "integrationId": options.get("integration_id"),
        "sentryAppId": options.get("sentry_app_id"),
        "projects": list(spec.projects),
        "serviceType": spec.service,
        "triggerType": spec.event_types[0],
        "targetType": options.get("target_type") or spec.target,
        "targetIdentifier": options.get("target_identifier") or spec.target_identifier or None,
        "targetDisplay": options.get("target_display") or None,
    }


def rule_of(given: Any, organization: Organization, rule: Rule | None) -> dict[str, Any]:
    """The body of our rule. Raises `InvalidInput` with every error, by Sentry's names."""
    if not isinstance(given, dict):
        raise invalid("nonFieldErrors", "An object is wanted.")
    known = {name: value for name, value in given.items() if name in FIELDS and value is not None}
    errors = [
        *_unknown(known, "triggerType", dict(TRIGGERS.all()).values()),
        *_unknown(known, "serviceType", dict(SERVICES.all()).values()),
        *_unknown({"targetType": "specific", **known}, "targetType", dict(TARGETS.all()).values()),
        *_texts(known),
        *_numbers(known),
    ]
    projects = _projects(known.get("projects", []), organization, errors)
    if not errors:
        errors += _integration(known, organization)
    if errors:
        raise InvalidInput(*errors)
    return _body(known, projects, organization, rule)


def _body(
    known: Mapping[str, Any], projects: list[str], organization: Organization, rule: Rule | None
) -> dict[str, Any]:
    trigger, service = known["triggerType"], known["serviceType"]
    target, identifier = known.get("targetType", "specific"), known.get("targetIdentifier", "")
    options = {
        name: known[camel]
        for name, camel in (("integration_id", "integrationId"), ("sentry_app_id", "sentryAppId"),
                            ("target_display", "targetDisplay"))
        if camel in known
    }  # fmt: skip
    if "integrationId" in known and registrations.find(trigger, service, target) is None:
        # Written and sent like any other message: the integration is the destination that it goes to.
        options |= {"target_type": target, "target_identifier": identifier}
        target, identifier = "destination", str(known["integrationId"])
    return {
        **_kept(rule),
        "name": rule.name
        if rule
        else _name(
            f"{trigger} → {service}: {known.get('targetDisplay') or identifier or target}", organization
        ),
        "event_types": [trigger],
        "service": service,
        "target": target,
        "target_identifier": identifier,
        "options": options,
        "projects": projects,
    }


def _kept(rule: Rule | None) -> dict[str, Any]:
    """What a rule has that Sentry does not know of: a change by its words leaves it as it is."""
    if rule is None:
        return {}
    [body] = bodies_of([save.spec_of(rule)])
    return {name: body[name] for name in ("level", "condition", "hours", "active", "stop", "position")}


def _name(wanted: str, organization: Organization) -> str:
    """A name that no other rule of the organization has."""
    wanted = wanted[:90]
    others = Rule.objects.filter(
        organization=organization, user=None, deleted_at=None, name__startswith=wanted
    )
    taken = set(others.values_list("name", flat=True))
    candidates = (wanted if number == 1 else f"{wanted} ({number})" for number in range(1, len(taken) + 2))
    return next(name for name in candidates if name not in taken)


def errors_of(error: InvalidInput) -> dict[str, list[str]]:
    """What is wrong, by Sentry's names of the fields."""
    found: dict[str, list[str]] = {}
    for one in error.errors:
        first, _, rest = one.field.partition(".")
        name = rest if first == "options" else first
        words = f"{one.message} {one.remedy}".strip()
        found.setdefault(OURS.get(name, name if name in FIELDS else "nonFieldErrors"), []).append(words)
    return found


def _unknown(given: Mapping[str, Any], name: str, names: Any) -> Iterator[FieldError]:
    value = given.get(name)
    if value is None:
        yield FieldError(name, "This field is required.")
    elif value not in names:
        yield FieldError(name, f"{str(value)[:80]!r} is not known.", nearest(str(value), names))


def _texts(given: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in ("targetIdentifier", "targetDisplay"):
        if not isinstance(given.get(name, ""), str) or len(given.get(name, "")) > 200:
            yield FieldError(name, "must be a text of at most 200 characters.")


def _numbers(given: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in ("integrationId", "sentryAppId"):
        value = given.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            yield FieldError(name, "must be a number.")


def _projects(given: Any, organization: Organization, errors: list[FieldError]) -> list[str]:
    """Projects by slug or number, as slugs."""
    if not isinstance(given, list) or len(given) > SEVERAL:
        errors.append(FieldError("projects", f"must be a list of at most {SEVERAL}."))
        return []
    rows = dict(Project.objects.filter(organization=organization).values_list("slug", "pk"))
    by_number = {str(pk): slug for slug, pk in rows.items()}
    slugs = [str(one) if str(one) in rows else by_number.get(str(one), "") for one in given]
    errors += [
        FieldError(
            "projects", f"{str(one)[:80]!r} is not known.", "Give the slug of a project of the organization."
        )
        for one, slug in zip(given, slugs, strict=True)
        if not slug
    ]
    return slugs


def _integration(given: Mapping[str, Any], organization: Organization) -> Iterator[FieldError]:
    if "integrationId" not in given:
        return
    found = Destination.objects.filter(organization=organization, pk=given["integrationId"]).first()
    if found is None or found.channel != given["serviceType"]:
        words = f"is no destination of the organization on {given['serviceType']}."
        yield FieldError("integrationId", words, "Give the number of one.")


def current(rules: list[Rule]) -> list[tuple[Rule, Spec]]:
    """Rules with their content, those that are actions."""
    return [(rule, spec) for rule, spec in zip(rules, save.specs_of(rules), strict=True) if is_action(spec)]
