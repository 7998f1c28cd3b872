"""Events over HTTP: send one or many, read one, have it explained, cancel it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import override

from tocsin import pipeline
from tocsin.api import answers, clouds, ingest
from tocsin.api.bodies import placed, read_object, refuse_encoded, refuse_unless_json
from tocsin.api.limits import read_capped
from tocsin.api.openapi import EVENTS_BODY, IDEMPOTENCY_KEY, body_of
from tocsin.api.routes import route, scope_of
from tocsin.api.schemas import (
    AcceptedList,
    CancelledOut,
    EventOut,
    ExplanationOut,
    RescheduledOut,
    RescheduleIn,
)
from tocsin.deliveries.explain import explain
from tocsin.errors import NotFound
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.levels import Level
from tocsin.recipients import users
from tocsin.sources import cloudevents
from tocsin.tenants import rates
from tocsin.tenants.models import Membership
from tocsin.tenants.organizations import is_implicit
from tocsin.vocabulary import label_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope


@route(
    "POST", "/events", ingest.WRITE, shape=AcceptedList, status=202, problems=(400, 409, 413, 415, 507),
    parameters=[IDEMPOTENCY_KEY], body=EVENTS_BODY,
)  # fmt: skip
def submit_events(request: HttpRequest) -> HttpResponse:
    """Store one event, or a list of up to 1,000, all or none; CloudEvents too."""
    content_type = request.headers.get("Content-Type", "")
    kind = cloudevents.kind_of(content_type, request.headers)
    if kind:
        refuse_encoded(request)
    else:
        refuse_unless_json(request, ", or a CloudEvent")
    body, key = read_capped(request), request.headers.get("Idempotency-Key")
    with override(settings.LANGUAGE_CODE):  # programs read this, and the ingest lane knows no other language
        if kind:
            drafts = clouds.read(kind, dict(request.headers), content_type, body, scope_of(request))
        else:
            drafts = ingest.read(body, key, scope_of(request))
    rates.take(scope_of(request), len(drafts) - 1)  # one was counted with the request
    return ingest.accepted(pipeline.accept_request(drafts)).as_response()


@route("GET", "/events/{event_id}", "events:read", shape=EventOut, problems=(404,))
def get_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """One event as it is stored, and how far it has come."""
    return answers.respond(_as_json(_find(event_id, scope_of(request))))


@route("GET", "/events/{event_id}/explain", "events:read", shape=ExplanationOut, problems=(404,))
def explain_event(
    request: HttpRequest, event_id: str, user: str = "", rule: int | None = None
) -> HttpResponse:
    """Who was told of an event, who was not, and why; of one person (`user`), or by one rule (its number)."""
    scope = scope_of(request)
    event = _find(event_id, scope)
    made = explain(event, _person(user, event, scope) if user else None, rule=rule, scope=scope)
    return answers.respond(made.as_json())


@route("POST", "/events/{event_id}/cancel", ingest.WRITE, shape=CancelledOut, problems=(404,))
def cancel_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Cancel an event and its unsent deliveries."""
    return answers.respond({"cancelled": pipeline.cancel(event_id=event_id, scope=scope_of(request))})


@route("POST", "/events/{event_id}/reschedule", ingest.WRITE, shape=RescheduledOut, problems=(400, 404, 413, 415),
       body=body_of(RescheduleIn))  # fmt: skip
def reschedule_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Give an event another due date; 0 where its planning has begun."""
    scope = scope_of(request)
    _find(event_id, scope)
    with placed():
        due_at = read_object(request, RescheduleIn.model_fields).get("due_at")
        changed = pipeline.reschedule(event_id=event_id, due_at=due_at, scope=scope)  # type: ignore[arg-type]
    return answers.respond({"rescheduled": changed})


@route("POST", "/events/{event_id}/confirm", ingest.WRITE, shape=EventOut, problems=(404, 409))
def confirm_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Let an event go that names more people than it may. A token with a limit of its own cannot."""
    scope = scope_of(request)
    if scope.user_id is None and (scope.max_recipients is not None or not scope.may("admin")):
        raise answers.Refusal(
            403, "A person confirms: sign in, or use a token with the scope admin and no limit."
        )
    return answers.respond(_as_json(pipeline.confirm(_find(event_id, scope).pk, scope.name, scope)))


def _find(event_id: str, scope: Scope) -> Event:
    events = Event.objects.within(scope).select_related("organization", "project")
    event: Event | None = events.filter(pk=pipeline.event_key(event_id)).first()
    if event is None:
        raise NotFound(event_id)
    return event


def _person(name: str, event: Event, scope: Scope) -> Any:
    """The user of this name. For all but the operator, people of other organizations do not exist."""
    person = users.find(name)
    if person is None or not (scope.is_operator or _belongs(person, event.organization_id)):
        raise NotFound(name)
    return person


def _belongs(person: Any, organization: int) -> bool:
    members = Membership.objects.filter(organization=organization, user=person.pk)
    return is_implicit(organization) or members.exists()


def _as_json(event: Event) -> dict[str, Any]:
    return {
        "id": str(event.pk),
        "type": event.type,
        "level": Level(event.level).slug,
        "title": event.title,
        "body": event.body,
        "data": event.data,
        "to": event.to,
        "channel": event.channel or None,
        "url": event.url or None,
        "actions": event.actions,
        "actor": event.actor or None,
        "about": event.about or None,
        "due_at": event.due_at.isoformat(),
        "expires_at": event.expires_at and event.expires_at.isoformat(),
        "still_valid": event.still_valid or None,
        "group_key": event.group_key or None,
        "status": event.status,
        "dedupe_key": event.dedupe_key,
        "organization": event.organization.slug,
        "project": event.project and event.project.slug,
        "created_at": event.created_at.isoformat(),
        "series": None if event.series_id is None else str(event.series_id),
        "max_recipients": event.max_recipients,
        "confirmed_at": event.confirmed_at and event.confirmed_at.isoformat(),
        "confirmed_by": event.confirmed_by or None,
        "planned_at": event.planned_at and event.planned_at.isoformat(),
        "state": event.state,
        "sentence": event.detail or str(label_of(EventState, event.state)),
    }
