"""What other systems send by webhooks of their own: Alertmanager, and whoever signs by Standard Webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import override

from tocsin import pipeline
from tocsin.api import answers, ingest
from tocsin.api.auth import SIGNATURE
from tocsin.api.bodies import refuse_unless_json
from tocsin.api.limits import read_capped
from tocsin.api.openapi import ANY_OBJECT, SIGNED_HEADERS, body_of
from tocsin.api.routes import route, scope_of
from tocsin.api.schemas import AcceptedList, EventIn
from tocsin.errors import InvalidInput, NotFound
from tocsin.events.accept import known_keys
from tocsin.sources import alertmanager, signed, strict_json
from tocsin.tenants import rates
from tocsin.tenants.organizations import organization_id
from tocsin.tenants.scope import Scope

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.events.draft import Draft


@route("POST", "/sources/alertmanager", ingest.WRITE, shape=AcceptedList, status=202, problems=(400, 413, 415, 507),
       body=ANY_OBJECT)  # fmt: skip
def alertmanager_webhook(
    request: HttpRequest, *, to: str = "", channel: str = "", organization: str = "", project: str = ""
) -> HttpResponse:
    """One event for each alert that is new, or newly resolved; `to` names audiences, with commas between."""
    scope = scope_of(request)
    refuse_unless_json(request)
    payload = strict_json.loads(read_capped(request))
    given = {"to": [one for one in to.split(",") if one], "channel": channel, "organization": organization,
             "project": project}  # fmt: skip
    with override(settings.LANGUAGE_CODE):
        drafts = [pipeline.parse({**fields, **given}, scope) for fields in alertmanager.events_of(payload)]
    for draft in drafts[:1]:
        ingest.refuse_addresses(draft, scope)
    rates.take(scope, len(drafts) - 1)  # one was counted with the request
    return ingest.accepted(pipeline.accept_request(_unheard(drafts))).as_response()


def _unheard(drafts: list[Draft]) -> list[Draft]:
    """Alertmanager says again and again what still fires; only the first time is it news, whatever it says of it."""
    heard = known_keys(drafts)
    found: dict[str | None, Draft] = {}
    for draft in drafts:
        if draft.dedupe_key not in heard:
            found.setdefault(draft.dedupe_key, draft)
    return list(found.values())


@route("POST", "/sources/webhooks/{sender}", SIGNATURE, shape=AcceptedList, status=202,
       problems=(400, 409, 413, 415, 507), parameters=SIGNED_HEADERS, body=body_of(EventIn))  # fmt: skip
def signed_webhook(request: HttpRequest, sender: str) -> HttpResponse:
    """An event of a sender that the settings name, signed by Standard Webhooks within five minutes."""
    body = read_capped(request)
    try:
        known = signed.find(sender)
        message_id = signed.verify(known, request.headers, body)
    except (NotFound, signed.NotGenuine):
        raise answers.Refusal(401, "The signature is missing, wrong, or older than five minutes.") from None
    refuse_unless_json(request)
    with override(settings.LANGUAGE_CODE):
        fields = signed.fields_of(known, message_id, strict_json.loads(body))
        try:
            draft = pipeline.parse(fields, _scope(known))
        except InvalidInput as error:
            raise InvalidInput(*(ingest.pointed(one, ()) for one in error.errors)) from None
    return ingest.accepted(pipeline.accept_request([draft])).as_response()


def _scope(sender: signed.Sender) -> Scope:
    """What the operator lets a sender do: send events of one organization."""
    return Scope(
        frozenset({organization_id(sender.organization)}),
        permissions=frozenset({ingest.WRITE, ingest.ADDRESS}),
        name=f"webhook {sender.name}",
    )
