"""Destinations over HTTP: where people and organizations are reached, changed by those whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext as _

from tocsin import pipeline
from tocsin.api import answers
from tocsin.api.auth import OWN
from tocsin.api.bodies import collect, placed, read_object, text_of
from tocsin.api.destination_answers import as_json, outcome_as_json
from tocsin.api.destination_shapes import (
    CodeIn,
    DestinationChange,
    DestinationChanged,
    DestinationIn,
    DestinationMade,
    DestinationOut,
    DestinationPage,
    DisableIn,
    OutcomeOut,
)
from tocsin.api.openapi import body_of
from tocsin.api.owners import find_owner
from tocsin.api.params import Cursor, Force, Limit, key_of
from tocsin.api.routes import route, scope_of
from tocsin.channels import registry
from tocsin.conf import check_slug
from tocsin.errors import Conflict, invalid
from tocsin.recipients import destinations, managed, proof
from tocsin.recipients.secrets import SecretUnreadable
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from tocsin.channels.outcomes import Outcome
    from tocsin.recipients.models import Destination
    from tocsin.tenants.scope import Scope

OWNERS = OWN + destinations.MANAGE
ONE = "/destinations/{destination_id}"
BODY = (400, 413, 415)
"""What can be wrong with a body before it is read."""


@route("GET", "/destinations", OWNERS, shape=DestinationPage)
def list_destinations(
    request: HttpRequest, *, owner: str = "", channel: str = "", after: Cursor = "", limit: Limit = 50
) -> HttpResponse:
    """What the caller may manage: a person's account address first, then the newest."""
    scope = scope_of(request)
    rows = destinations.manageable(scope).filter(managed=False).select_related("user", "organization")
    person = scope.user_id
    if owner:
        found = find_owner(owner, scope)
        of_all = isinstance(found, Organization)
        person = None if of_all else found.pk
        rows = rows.filter(**{"organization" if of_all else "user": found})
    entries = managed.entries(person) if person is not None else []
    if channel:
        check_slug("channel", channel, registry.channels())
        rows = rows.filter(channel=channel)
        entries = [entry for entry in entries if entry.channel == channel]
    if after:
        entries, rows = _behind(after, entries, rows)
    page = [*entries, *rows.order_by("-pk")[: limit + 1]]
    more = len(page) > limit
    items = [as_json(one) for one in page[:limit]]
    return answers.respond({"items": items, "next": items[-1]["id"] if more else None})


def _behind(after: str, entries: list[Destination], rows: Any) -> tuple[list[Destination], Any]:
    """What follows the one whose id is `after`."""
    ids = [managed.public_id(entry) for entry in entries]
    if after in ids:
        return entries[ids.index(after) + 1 :], rows
    return [], rows.filter(pk__lt=key_of(after))


@route("POST", "/destinations", OWNERS, shape=DestinationMade, status=201, problems=BODY,
       body=body_of(DestinationIn))  # fmt: skip
def create_destination(request: HttpRequest) -> HttpResponse:
    """Add a destination. Where its address must be confirmed, a code is sent to it at once."""
    scope = scope_of(request)
    with placed():
        given = read_object(request, DestinationIn.model_fields)
        owner, channel, label = collect(
            lambda: find_owner(text_of(given, "owner"), scope),
            lambda: registry.get(text_of(given, "channel")).slug,
            lambda: destinations.check_label(text_of(given, "label")),
        )
        settings = given.get("settings")
        saved = destinations.create(owner, channel, settings, label=label, by_operator=scope.is_operator)
    made = saved.destination
    code_sent = None
    if proof.is_missing(made.channel, made.verified_at):
        code_sent = outcome_as_json(_tried(pipeline.send_code, made), made)
    response = answers.respond({**as_json(made), "made": saved.made, "code_sent": code_sent}, 201)
    response["Location"] = f"{escape_uri_path(request.path)}/{made.pk}"
    return response


@route("GET", ONE, OWNERS, shape=DestinationOut, problems=(404,))
def get_destination(request: HttpRequest, destination_id: str) -> HttpResponse:
    """One destination; of its secrets the names."""
    return answers.respond(as_json(_find(destination_id, scope_of(request))))


@route("PUT", ONE, OWNERS, shape=DestinationChanged, problems=(*BODY, 404, 409),
       body=body_of(DestinationChange))  # fmt: skip
def change_destination(request: HttpRequest, destination_id: str) -> HttpResponse:
    """Other settings. A secret that is not sent is kept if the address stays the same, and cleared if not."""
    scope = scope_of(request)
    found = _find(destination_id, scope)
    with placed():
        given = read_object(request, DestinationChange.model_fields)
        label, settings = text_of(given, "label"), given.get("settings")
        saved = destinations.change(found, settings, label=label, by_operator=scope.is_operator)
    return answers.respond({**as_json(found), "made": saved.made, "secret_cleared": saved.secret_cleared})


@route("DELETE", ONE, OWNERS, status=204, problems=(404, 409))
def delete_destination(request: HttpRequest, destination_id: str, *, force: Force = False) -> HttpResponse:
    """Remove a destination; what was on its way there ends as skipped. One that rules tell stays."""
    scope = scope_of(request)
    pipeline.remove_destination(_find(destination_id, scope), scope.name, force=force)
    return answers.nothing()


@route("POST", f"{ONE}/test", OWNERS, shape=OutcomeOut, problems=(404, 409, 429))
def test_destination(request: HttpRequest, destination_id: str) -> HttpResponse:
    """Send a test there now, and say what became of it."""
    found = _find(destination_id, scope_of(request))
    return answers.respond(outcome_as_json(_tried(pipeline.test, found), found))


@route("POST", f"{ONE}/disable", OWNERS, shape=DestinationOut, problems=(*BODY, 404),
       body=body_of(DisableIn, required=False))  # fmt: skip
def disable_destination(request: HttpRequest, destination_id: str) -> HttpResponse:
    """Send nothing there until it is enabled. One that is disabled keeps its reason."""
    found = _find(destination_id, scope_of(request))
    with placed():
        reason = text_of(read_object(request, DisableIn.model_fields, optional=True), "reason")
        if len(reason) > destinations.MAX_REASON:
            raise invalid("reason", f"has more than {destinations.MAX_REASON} characters.", "Shorten it.")
    destinations.disable(found, reason or _("It was disabled by hand."))
    return answers.respond(as_json(found))


@route("POST", f"{ONE}/enable", OWNERS, shape=DestinationOut, problems=(404,))
def enable_destination(request: HttpRequest, destination_id: str) -> HttpResponse:
    """Send there again."""
    found = _find(destination_id, scope_of(request))
    destinations.enable(found)
    return answers.respond(as_json(found))


@route("POST", f"{ONE}/code", OWNERS, shape=OutcomeOut, problems=(404, 409, 429))
def send_destination_code(request: HttpRequest, destination_id: str) -> HttpResponse:
    """Send a new code there; the one before is void."""
    found = _find(destination_id, scope_of(request))
    return answers.respond(outcome_as_json(_tried(pipeline.send_code, found), found))


@route("POST", f"{ONE}/confirm", OWNERS, shape=DestinationOut, problems=(*BODY, 404), body=body_of(CodeIn))
def confirm_destination(request: HttpRequest, destination_id: str) -> HttpResponse:
    """Give back the code that was sent there."""
    found = _find(destination_id, scope_of(request))
    with placed():
        proof.confirm(found, read_object(request, CodeIn.model_fields).get("code"))
    return answers.respond(as_json(found))


def _find(public_id: str, scope: Scope) -> Destination:
    find = managed.find if managed.is_public_id(public_id) else destinations.find
    return find(public_id, scope)


def _tried(send: Callable[[Destination], Outcome], destination: Destination) -> Outcome:
    try:
        return send(destination)
    except SecretUnreadable:
        raise Conflict(
            "The secrets of this destination cannot be read with today's keys. Save its settings again, "
            "or have the old key added to SECRET_KEYS."
        ) from None
