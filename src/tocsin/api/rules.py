"""Rules over HTTP: kept by those whose they are, tried before they are saved, and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.encoding import escape_uri_path

from tocsin.api import answers, trials  # noqa: F401 (its paths come before those with an id)
from tocsin.api.auth import OWN
from tocsin.api.bodies import collect, placed, read_object, text_of
from tocsin.api.openapi import body_of
from tocsin.api.owners import find_owner, owner_text
from tocsin.api.params import Cursor, Limit, key_of
from tocsin.api.routes import route, scope_of
from tocsin.api.rule_access import BODY, MANAGE, MOST_BYTES, find_rule, manageable
from tocsin.api.rule_shapes import HistoryOut, RuleChange, RuleIn, RuleOut, RulePage, RuleSaved
from tocsin.conf import check_slug
from tocsin.deliveries.lint import lint
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events.declared import types_for
from tocsin.rules import registrations, save
from tocsin.rules.bodies import bodies_of
from tocsin.rules.history import history_of
from tocsin.rules.index import patterns_of
from tocsin.rules.spec import Place
from tocsin.tenants.models import Organization
from tocsin.tenants.organizations import organization_id
from tocsin.tenants.readers import may_read_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.rules.models import Rule
    from tocsin.rules.spec import Spec
    from tocsin.tenants.scope import Scope

OWNERS = OWN + MANAGE
ONE = "/rules/{rule_id}"
DEEP = 20
"""Every dot in a field of a rule parts names."""


@route("GET", "/rules", OWNERS, shape=RulePage)
def list_rules(
    request: HttpRequest, *, owner: str = "", event_type: str = "", after: Cursor = "", limit: Limit = 50
) -> HttpResponse:
    """The rules that the caller may keep, the newest first."""
    scope = scope_of(request)
    rows = manageable(scope).filter(deleted_at=None)
    if owner:
        found = find_owner(owner, scope, MANAGE)
        rows = (
            rows.filter(organization=found, user=None)
            if isinstance(found, Organization)
            else rows.filter(user=found)
        )
    if after:
        rows = rows.filter(pk__lt=key_of(after))
    patterns = set(patterns_of(check_slug("type", event_type, types_for(scope)))) if event_type else None
    page, more = _page(rows.order_by("-pk"), patterns, limit)
    items = as_json(page)
    return answers.respond({"items": items, "next": items[-1]["id"] if more else None})


@route("POST", "/rules", OWNERS, shape=RuleSaved, status=201, problems=BODY, body=body_of(RuleIn))
def create_rule(request: HttpRequest) -> HttpResponse:
    """Add a rule, of an organization or of a person. What is doubtful about it is said, and does not keep it away."""
    scope = scope_of(request)
    with placed(depth=DEEP):
        given = read_object(request, RuleIn.model_fields, most=MOST_BYTES)
        owner, organization = collect(lambda: text_of(given, "owner"), lambda: text_of(given, "organization"))
        place = _place(owner, organization, scope)
        saved = save.save(_content(given), place, scope.name)
    response = answers.respond(_saved(saved), 201)
    response["Location"] = f"{escape_uri_path(request.path)}/{saved.pk}"
    return response


@route("GET", ONE, OWNERS, shape=RuleOut, problems=(404,))
def get_rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """One rule."""
    return answers.respond(as_json([find_rule(rule_id, scope_of(request))])[0])


@route("PUT", ONE, OWNERS, shape=RuleSaved, problems=(*BODY, 404, 409), body=body_of(RuleChange))
def change_rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Other content, all of it: what is left out is as in a new rule. With `version` only if it is still that one."""
    scope = scope_of(request)
    found = find_rule(rule_id, scope)
    with placed(depth=DEEP):
        given = read_object(request, RuleChange.model_fields, most=MOST_BYTES)
        version = given.get("version")
        if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
            raise invalid("version", "must be a whole number.", "Send the one that you read, or none.")
        saved = save.save(_content(given), save.place_of(found), scope.name, found, version=version)
    return answers.respond(_saved(saved))


@route("DELETE", ONE, OWNERS, status=204, problems=(404,))
def delete_rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Take a rule out of use. Undo brings it back."""
    scope = scope_of(request)
    save.delete(find_rule(rule_id, scope), scope.name)
    return answers.nothing()


@route("POST", f"{ONE}/undo", OWNERS, shape=RuleSaved, problems=(404, 409))
def undo_rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Bring back what a rule was before its last change, a deleted one too."""
    scope = scope_of(request)
    return answers.respond(_saved(save.undo(find_rule(rule_id, scope, deleted=True), scope.name)))


@route("POST", f"{ONE}/enable", OWNERS, shape=RuleSaved, problems=(404,))
def enable_rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Use a rule again, from the next event on."""
    return _switch(request, rule_id, active=True)


@route("POST", f"{ONE}/disable", OWNERS, shape=RuleSaved, problems=(404,))
def disable_rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Stop using a rule, and keep it."""
    return _switch(request, rule_id, active=False)


@route("GET", f"{ONE}/history", OWNERS, shape=HistoryOut, problems=(404,))
def get_rule_history(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Who changed a rule, when, and what. Also of one that is deleted."""
    found = history_of(find_rule(rule_id, scope_of(request), deleted=True))
    return answers.respond({"items": [{**one, "at": one["at"].isoformat()} for one in found]})


def as_json(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Rules as they are answered."""
    return [_as_json(rule, body) for rule, body in zip(rules, bodies_of(save.specs_of(rules)), strict=True)]


def _as_json(rule: Rule, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(rule.pk),
        "owner": owner_text(rule.user or rule.organization),
        "organization": rule.organization.slug,
        **body,
        "version": rule.version,
        "created_at": rule.created_at.isoformat(),
        "updated_at": rule.updated_at.isoformat(),
    }


def _saved(rule: Rule) -> dict[str, Any]:
    spec: Spec = save.spec_of(rule)
    [body] = bodies_of([spec])
    warnings = [finding._asdict() for finding in lint(spec, save.place_of(rule), rule.pk)]
    return {**_as_json(rule, body), "warnings": warnings, "note": registrations.note_of(spec)}


def _switch(request: HttpRequest, rule_id: str, *, active: bool) -> HttpResponse:
    scope = scope_of(request)
    found = find_rule(rule_id, scope)
    return answers.respond(
        _saved(found if found.active is active else save.switch(found, scope.name, active=active))
    )


def _content(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in ("owner", "organization", "version")}


def _place(owner: str, organization: str, scope: Scope) -> Place:
    """Whose a new rule is. A person's must be about an organization whose events they may read."""
    found = find_owner(owner, scope, MANAGE)
    if isinstance(found, Organization):
        if organization not in ("", found.slug):
            raise invalid("organization", "is not the owner.", "Leave it out.")
        return Place(found.pk)
    refused = FieldError(
        "organization",
        "is none whose events you may read.",
        "Name one of yours, or ask its administrators for a role.",
    )
    try:
        key = organization_id(organization) if organization or scope.is_operator else scope.home
    except InvalidInput:
        raise InvalidInput(refused) from None
    if (key, found.pk) not in may_read_events({(key, found.pk)}):
        raise InvalidInput(refused)
    return Place(key, found.pk)


def _page(rows: QuerySet[Rule], patterns: set[str] | None, limit: int) -> tuple[list[Rule], bool]:
    """The first rows that are about a type, and whether there are more."""
    found: list[Rule] = []
    for rule in rows.iterator(chunk_size=500) if patterns else rows[: limit + 1]:
        if patterns is None or patterns & set(rule.event_types):
            found.append(rule)
        if len(found) > limit:
            return found[:limit], True
    return found, False
