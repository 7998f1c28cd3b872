"""The ledger pages: events, one event's story, the deliveries that need someone, and what to do about them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from tocsin import clock, pipeline
from tocsin.channels.text import to_html
from tocsin.deliveries import story
from tocsin.deliveries.contributors import contributors
from tocsin.deliveries.states import Reason, State
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.events import types
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.levels import Level
from tocsin.tenants.models import Organization
from tocsin.web import rows
from tocsin.web.access import for_keepers
from tocsin.web.policy import strict
from tocsin.web.said import say
from tocsin.web.why import why

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope

EVENTS = 25
LINES = 50


@strict
@for_keepers()
@require_safe
def events(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The newest events first, each with the number of its deliveries by state."""
    found = Event.objects.within(scope).select_related("organization").defer("body", "data", "body_hash")
    after = request.GET.get("after", "")
    if after:
        found = found.filter(pk__lt=_cursor(after))
    listed = list(found.order_by("-pk")[: EVENTS + 1])
    context = {
        "rows": [rows.row_of(event) for event in listed[:EVENTS]],
        "next": listed[EVENTS - 1].pk if len(listed) > EVENTS else "",
        "after": after,
        "now": clock.now(),
        "many_organizations": _sees_many(scope),
        "section": "events",
    }
    return render(request, "tocsin/events.html", context)


@strict
@for_keepers()
@require_safe
def event(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """One event's story: what happened, who was to hear of it, and what became of each delivery."""
    found = _event(scope, event_id)
    counts = story.counts(found)
    state = request.GET.get("state", "")
    page = _lines(request, scope, event=found.pk, state=state)
    named = request.GET.get("who", "").strip()[:200]
    context = {
        "event": found,
        "level": Level(found.level),
        "reason": Reason(found.reason).label if found.reason else "",
        "type": types.find(found.type),
        "html": to_html(found.body) if found.body else "",
        "contributors": contributors(found),
        "chips": rows.chips(counts),
        "shares": rows.shares(counts),
        "is_moving": rows.is_moving(found, counts),
        "can_confirm": scope.may("events:write", found.organization_id)
        and found.state == EventState.AWAITING_CONFIRMATION,
        "can_cancel": scope.may("events:write", found.organization_id) and rows.can_cancel(found, counts),
        "can_replay": scope.may("deliveries:write", found.organization_id),
        "page": page,
        "state": state,
        "state_name": rows.NAMES.get(state, ""),
        "who": named,
        "why": why(found, named, scope) if named else [],
        "after": request.GET.get("after", ""),
        "now": clock.now(),
        "section": "events",
    }
    return render(request, "tocsin/event.html", context)


@strict
@for_keepers()
@require_safe
def deliveries(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Deliveries in one state over all events, newest first; the dead ones where nothing else is asked."""
    state = request.GET.get("state", State.DEAD)
    page = _lines(request, scope, state=state)
    titles = dict(
        Event.objects.filter(pk__in={line.event_id for line in page.items}).values_list("pk", "title")
    )
    context = {
        "page": page,
        "titles": titles,
        "state": state,
        "states": [(name, rows.NAMES[name]) for name in (State.DEAD, State.RETRYING)],
        "can_replay": scope.may("deliveries:write"),
        "after": request.GET.get("after", ""),
        "section": "deliveries",
    }
    return render(request, "tocsin/deliveries.html", context)


@strict
@for_keepers("events:write")
@require_POST
def cancel(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """Cancel an event and its unsent deliveries."""
    _event(scope, event_id)
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
    _event(scope, event_id)
    try:
        pipeline.confirm(event_id, scope.name, scope)
        say(request, _("It is confirmed, and will be planned now."))
    except Conflict as error:
        say(request, str(error))
    return redirect("tocsin:event", event_id)


@strict
@for_keepers("deliveries:write")
@require_POST
def replay(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Send dead deliveries on their way again, all of those named or none."""
    try:
        number = pipeline.replay(request.POST.getlist("id")[:LINES], scope)
        say(request, ngettext("%d delivery is on its way again.", "%d deliveries are on their way again.", number)
             % number)  # fmt: skip
    except NotFound as error:
        raise Http404(str(error)) from error
    except Conflict as error:
        say(request, str(error))
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return redirect(target)
    return redirect("tocsin:deliveries")


def _sees_many(scope: Scope) -> bool:
    """Whether it has to be said whose an event is."""
    if scope.organizations is None:
        return Organization.objects.count() > 1
    return len(scope.organizations) > 1


def _event(scope: Scope, event_id: uuid.UUID) -> Event:
    """The event, if `scope` sees it; another's is missing like one that never was."""
    found = Event.objects.within(scope).select_related("organization", "project").filter(pk=event_id).first()
    if found is None:
        raise Http404("There is no such event.")
    event: Event = found
    return event


def _lines(request: HttpRequest, scope: Scope, state: str, **chosen: Any) -> story.Page:
    if state and state not in State.values:
        raise Http404(f"{state!r} is no state.")
    try:
        return story.lines(scope, state=state, after=request.GET.get("after", ""), limit=LINES, **chosen)
    except InvalidInput as error:
        raise Http404(str(error)) from error


def _cursor(after: str) -> uuid.UUID:
    try:
        return uuid.UUID(after)
    except ValueError as error:
        raise Http404(f"{after!r} is no cursor.") from error
