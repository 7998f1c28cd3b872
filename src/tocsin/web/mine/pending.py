"""Coming up: what waits for me, and for those who look after it what is planned and what comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tocsin import clock, pipeline
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import Reason, State
from tocsin.errors import NotFound
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.levels import Level
from tocsin.schedule.models import Series, SeriesState
from tocsin.schedule.series import as_json
from tocsin.vocabulary import label_of
from tocsin.web.access import for_keepers, for_readers, ledger_scope
from tocsin.web.policy import strict
from tocsin.web.rows import channel_name
from tocsin.web.said import say

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope

SHOWN = 50
WRITE = "events:write"


@strict
@for_readers
@require_safe
def pending(request: HttpRequest) -> HttpResponse:
    """What waits for the reader, when it will be told and why not now; and what else their role lets them see."""
    scope = ledger_scope(request.user)
    mine = list(_waiting_for(request.user)[: SHOWN + 1])
    events: list[Event] = []
    series: list[tuple[dict[str, Any], datetime, bool]] = []
    if scope is not None:
        planned = Event.objects.within(scope).filter(state=EventState.WAITING, due_at__gt=clock.now())
        events = list(planned.filter(series=None).order_by("due_at", "pk")[: SHOWN + 1])
        going = Series.objects.within(scope).filter(state=SeriesState.ACTIVE)
        found = going.select_related("organization", "project").order_by("latest_at", "pk")[: SHOWN + 1]
        series = [
            (one, row.latest_at, scope.may(WRITE, row.organization_id))
            for one, row in zip(as_json(found), found, strict=True)
        ]
    context = {
        "mine": [(row, channel_name(row.channel), str(label_of(Reason, row.reason))) for row in mine[:SHOWN]],
        "keeps": scope is not None,
        "events": [
            (event, Level(event.level), scope is not None and scope.may(WRITE, event.organization_id))
            for event in events[:SHOWN]
        ],
        "series": series[:SHOWN],
        "more": any(len(found) > SHOWN for found in (mine, events, series)),
        "shown": SHOWN,
        "may_cancel": scope is not None and scope.narrowed(WRITE).may(WRITE),
        "section": "mine",
        "tab": "pending",
    }
    return render(request, "tocsin/mine/pending.html", context)


def _waiting_for(user: Any) -> QuerySet[Delivery]:
    rows: QuerySet[Delivery] = Delivery.objects.filter(user=user.pk, state=State.DEFERRED)
    return rows.select_related("event").order_by("due_at", "pk")


@strict
@for_keepers(WRITE)
@require_POST
def cancel(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Cancel the events that were ticked."""
    try:
        with transaction.atomic():
            number = sum(
                pipeline.cancel(event_id=key, scope=scope) for key in request.POST.getlist("id")[:SHOWN]
            )
    except NotFound as error:
        raise Http404(str(error)) from error
    say(request, _("%(number)s are cancelled.") % {"number": number})
    return redirect("tocsin:pending")


@strict
@for_keepers(WRITE)
@require_POST
def cancel_series(request: HttpRequest, scope: Scope, series_id: int) -> HttpResponse:
    """End a series, with the occurrence that waits."""
    try:
        pipeline.cancel(series_id=series_id, scope=scope)
    except NotFound as error:
        raise Http404(str(error)) from error
    say(request, _("The series is over. What waited of it is cancelled."))
    return redirect("tocsin:pending")
