"""One event's page: its story from accept to attempts, and what can still be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tocsin import clock, pipeline
from tocsin.channels.text import to_html
from tocsin.deliveries import story
from tocsin.deliveries.states import Reason
from tocsin.errors import Conflict, InvalidInput
from tocsin.events import types
from tocsin.events.states import EventState
from tocsin.levels import Level
from tocsin.vocabulary import label_of
from tocsin.web import rows
from tocsin.web.access import for_keepers
from tocsin.web.ledger import tally, timeline
from tocsin.web.ledger.frame import event_of, known_state
from tocsin.web.policy import strict
from tocsin.web.said import say, warn
from tocsin.web.why import people_called, why

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest, HttpResponse

    from tocsin.events.models import Event
    from tocsin.tenants.scope import Scope

LINES = 50


@strict
@for_keepers()
@require_safe
def event(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """One event's story: what happened, who was to hear of it, and what became of each delivery."""
    found = event_of(scope, event_id)
    state = known_state(request.GET.get("state", ""))
    after = request.GET.get("after", "")
    try:
        page = story.lines(scope, event=found.pk, state=state, after=after, limit=LINES)
    except InvalidInput as error:
        raise Http404(str(error)) from error
    named = request.GET.get("who", "").strip()[:200]
    context = {
        "event": found,
        "level": Level(found.level),
        "type": types.find(found.type),
        "html": to_html(found.body) if found.body else "",
        **_story(found, scope, asked="counted" in request.GET),
        "can_replay": scope.may("deliveries:write", found.organization_id),
        "page": page,
        "state": state,
        "state_name": rows.NAMES.get(state, ""),
        "who": named,
        "why": why(found, named, scope) if named else [],
        "after": after,
        "section": "ledger",
        "tab": "events",
    }
    return render(request, "tocsin/event.html", context)


def _story(found: Event, scope: Scope, *, asked: bool) -> dict[str, object]:
    """What is drawn of it, and what can be done."""
    counts = tally.counts(found, asked=asked)
    may_write = scope.may("events:write", found.organization_id)
    waits_for_time = found.state == EventState.WAITING and found.due_at > clock.now()
    lanes = [] if counts is None else timeline.lanes(found, counts)
    return {
        "event_reason": label_of(Reason, found.reason),
        "steps": timeline.steps(found, counts, scope),
        "lanes": lanes,
        "has_tries": any(lane.dots for lane in lanes),
        "chips": rows.chips(counts or {}),
        "is_counted": counts is not None,
        "planning": timeline.planning(found),
        "progress": rows.progress(found, counts),
        "is_moving": rows.is_moving(found, counts),
        "pace": 10 if counts is None or sum(counts.values()) > tally.LARGE or waits_for_time else 2,
        "can_confirm": may_write and found.state == EventState.AWAITING_CONFIRMATION,
        "can_cancel": may_write and rows.can_cancel(found, counts),
    }


@strict
@for_keepers()
@require_safe
def people(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """Names of people that begin as what is typed, for those who may ask about them."""
    found = event_of(scope, event_id)
    names = people_called(request.GET.get("who", "")[:200], found, scope)
    return render(request, "tocsin/people_called.html", {"names": names})


@strict
@for_keepers("events:write")
@require_POST
def cancel(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """Cancel an event and its unsent deliveries."""
    event_of(scope, event_id)
    if pipeline.cancel(event_id=event_id, scope=scope):
        say(request, _("The event is cancelled. What had been sent before stays sent."))
    else:
        say(request, _("There was nothing left to cancel."))
    return redirect("tocsin:event", event_id)


@strict
@for_keepers("events:write")
@require_POST
def confirm(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """Let an event go that names more people than it may."""
    event_of(scope, event_id)
    try:
        pipeline.confirm(event_id, scope.name, scope)
        say(request, _("It is confirmed, and will be planned now."))
    except Conflict as error:
        warn(request, str(error))
    return redirect("tocsin:event", event_id)
