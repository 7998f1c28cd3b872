"""The ledger over HTTP: what became of events, and another try for what is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin import pipeline
from tocsin.api import answers
from tocsin.api.params import Cursor, Limit  # noqa: TC001 (ninja reads the annotations)
from tocsin.api.routes import route, scope_of
from tocsin.api.schemas import DeliveryOut, DeliveryPage, ReplayedOut
from tocsin.channels import registry
from tocsin.conf import check_slug
from tocsin.deliveries import story
from tocsin.deliveries.states import State
from tocsin.errors import NotFound, invalid
from tocsin.recipients import users

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from tocsin.deliveries.models import Attempt
    from tocsin.deliveries.story import Line


@route("GET", "/deliveries", "events:read", shape=DeliveryPage)
def list_deliveries(
    request: HttpRequest, *, event: str = "", state: str = "", channel: str = "", user: str = "",
    after: Cursor = "", limit: Limit = 50,
) -> HttpResponse:  # fmt: skip
    """Deliveries newest first, of an event, a person, a channel, in a state."""
    filters: dict[str, Any] = {}
    if event:
        filters["event"] = _event_key(event)
    if state:
        filters["state"] = check_slug("state", state, State.values)
    if channel:
        filters["channel"] = check_slug("channel", channel, registry.carriers())
    if user:
        filters["user"] = users.matching([user]).get(user)
        if filters["user"] is None:  # the same answer as for someone who is another organization's
            return answers.respond({"items": [], "next": None})
    page = story.lines(scope_of(request), after=after, limit=limit, **filters)
    return answers.respond({"items": [_as_json(line) for line in page.items], "next": page.next or None})


@route("GET", "/deliveries/{delivery_id}", "events:read", shape=DeliveryOut, problems=(404,))
def get_delivery(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """One delivery with its attempts."""
    return answers.respond(_as_json(story.line(delivery_id, scope_of(request))))


@route("POST", "/deliveries/{delivery_id}/retry", "deliveries:write", shape=ReplayedOut, problems=(404, 409))
def retry_delivery(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """Send a dead delivery on its way again."""
    scope = scope_of(request)
    story.line(delivery_id, scope)  # what is not theirs is missing, before anything is said of its state
    return answers.respond({"retried": pipeline.replay([delivery_id], scope)})


def _event_key(event: str) -> Any:
    try:
        return pipeline.event_key(event)
    except NotFound:
        raise invalid(
            "event", f"{event[:80]!r} is no event id.", "Give the id that POST /events answered."
        ) from None


def _as_json(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "event": str(line.event_id),
        "channel": line.channel,
        "user": None if line.user_id is None else str(line.user_id),
        "label": line.label,
        "address": line.address,
        "state": line.state,
        "reason": line.reason,
        "sentence": line.sentence,
        "attempt": line.attempt,
        "attempts": [_attempt(attempt) for attempt in line.attempts],
        "layer": line.layer,
        "merged_into": line.merged_into or None,
        "due_at": _time(line.due_at),
        "created_at": _time(line.created_at),
        "finished_at": _time(line.finished_at),
        "read_at": _time(line.read_at),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": _time(attempt.started_at),
        "finished_at": _time(attempt.finished_at),
        "outcome": attempt.outcome,
        "cause": attempt.cause,
        "detail": attempt.detail,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
