"""Rules before they are saved: what can be chosen, and who would be told. And the log of what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin import pipeline
from tocsin.api import answers
from tocsin.api.bodies import placed, read_object, text_of
from tocsin.api.openapi import body_of
from tocsin.api.params import Cursor, Limit, key_of
from tocsin.api.routes import route, scope_of
from tocsin.api.rule_access import BODY, MANAGE, MOST_BYTES, find_rule
from tocsin.api.rule_shapes import AuditPage, AvailablePage, SimulateIn, SimulationOut
from tocsin.errors import InvalidInput, NotFound, invalid
from tocsin.events.draft import clean_time, one_line
from tocsin.rules import registrations
from tocsin.rules.match import RuleDraft
from tocsin.rules.spec import Place, parse_spec
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.organizations import organization_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope

DEEP = 20
"""Every dot in a field parts names."""


@route("GET", "/rules/available", MANAGE, shape=AvailablePage)
def list_available_actions(request: HttpRequest, organization: str = "") -> HttpResponse:
    """What is registered for rules of an organization that wire a trigger to a service and a target."""
    found = find_organization(organization, scope_of(request))
    return answers.respond(
        {
            "items": registrations.available(found),
            "services": {slug: str(label) for slug, label in registrations.services().items()},
            "targets": {slug: str(label) for slug, label in registrations.targets().items()},
        }
    )


@route(
    "POST", "/rules/simulate", MANAGE, shape=SimulationOut, problems=(*BODY, 404), body=body_of(SimulateIn)
)
def simulate_rule(request: HttpRequest) -> HttpResponse:
    """Who would be told of an event, by what and why, and what a rule would add and remove. Nothing is kept."""
    scope = scope_of(request)
    given = read_object(request, SimulateIn.model_fields, most=MOST_BYTES)
    event = given.get("event")
    with placed(depth=DEEP):
        if not isinstance(event, dict):
            raise invalid("event", "must be an object.", 'Send {"type": …, "title": …}.')
        at = clean_time("at", given.get("at"))
        drafts = _drafts(given, event, scope)
    with placed("event", depth=DEEP):
        found = pipeline.simulate(event, scope, at=at, drafts=drafts)
    return answers.respond(found.as_json())


@route("GET", "/audit", "admin", shape=AuditPage)
def list_audit(
    request: HttpRequest, *, subject: str = "", after: Cursor = "", limit: Limit = 50
) -> HttpResponse:
    """Who changed what in the organization's settings, the newest first."""
    rows = AuditEntry.objects.within(scope_of(request)).select_related("organization")
    if subject:
        rows = rows.filter(subject=subject)
    if after:
        rows = rows.filter(pk__lt=key_of(after))
    page = list(rows.order_by("-pk")[: limit + 1])
    items = [
        {
            "id": str(one.pk), "organization": one.organization.slug, "at": one.at.isoformat(), "by": one.by,
            "action": one.action, "subject": one.subject, "before": one.before, "after": one.after,
        }
        for one in page[:limit]
    ]  # fmt: skip
    return answers.respond({"items": items, "next": items[-1]["id"] if len(page) > limit else None})


def _drafts(given: Mapping[str, Any], event: Mapping[str, Any], scope: Scope) -> list[RuleDraft]:
    rule, replaces = given.get("rule"), text_of(dict(given), "replaces")
    if rule is None and not replaces:
        return []
    with placed("event"):
        organization = find_organization(one_line("organization", event.get("organization")), scope)
    number, user = None, None
    if replaces:
        try:
            old = find_rule(replaces, scope)
        except NotFound:
            raise invalid(
                "replaces", "is no rule here.", "Give the id of a rule of the organization."
            ) from None
        if old.organization_id != organization:
            raise invalid("replaces", "is no rule here.", "Give the id of a rule of the organization.")
        number, user = old.pk, old.user_id
    if rule is None:
        return [RuleDraft(None, user, number)]
    if not isinstance(rule, dict):
        raise invalid("rule", "must be an object.", "Send a rule, as POST /rules takes it.")
    with placed("rule", depth=DEEP):
        return [RuleDraft(parse_spec(rule, Place(organization, user)), user, number)]


def find_organization(slug: str, scope: Scope) -> int:
    """One that `scope` sees. Raises `InvalidInput`, in the same words for one that is missing."""
    if not slug and not scope.is_operator:
        return scope.home
    try:
        found = organization_id(slug)
    except InvalidInput:
        found = 0
    if not found or not scope.sees(found):
        raise invalid("organization", "is not known.", "Give the slug of an organization of yours.")
    return found
