"""The events of the ledger: found by filters, and cancelled by the dozen."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from tocsin import clock, pipeline
from tocsin.deliveries.finding import stoppable, unsent_of
from tocsin.events.models import Event
from tocsin.web import rows
from tocsin.web.access import for_keepers
from tocsin.web.ledger.filters import EventFilter, known_types
from tocsin.web.ledger.frame import sees_many
from tocsin.web.policy import strict
from tocsin.web.said import say, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from tocsin.deliveries.finding import Found
    from tocsin.tenants.scope import Scope

EVENTS = 25
AT_ONCE = 500
"""Events that are cancelled at once."""
NAMED = 20
"""Of them, those that are named before it is done."""


@strict
@for_keepers()
@require_safe
def events(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The newest events first, each with the number of its deliveries by state."""
    many = sees_many(scope)
    form = EventFilter(request.GET, scope, many=many)
    after = request.GET.get("after", "")
    before = _cursor(after) if after else None
    valid = form.is_valid()
    found = form.wanted.search(scope, before, EVENTS) if valid else None
    context = {
        "form": form,
        "types": known_types(scope),
        "rows": rows.rows_of(found.rows) if found else [],
        "next": found.next if found else None,
        "broke_off": bool(found and found.broke_off),
        "after": after,
        "now": clock.now(),
        "counted": rows.COUNTED_ROWS,
        "many_organizations": many,
        "can_cancel": scope.narrowed("events:write").may("events:write"),
        "all_picked": "pick" in request.GET,
        "section": "ledger",
        "tab": "events",
    }
    return render(request, "tocsin/events.html", context, status=200 if valid else 422)


@strict
@for_keepers("events:write")
@require_POST
def cancel_many(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Cancel events that are ticked, or all that a filter finds: first it is said what that would stop."""
    query = request.POST.get("query", "")
    if "sure" in request.POST:
        changed = pipeline.cancel_all(_theirs(request.POST.getlist("id"), scope), scope)
        if changed:
            said = ngettext("%d event is cancelled.", "%d events are cancelled.", changed) % changed
            say(request, f"{said} {_('What had been sent before stays sent.')}")
        else:
            say(request, _("There was nothing left to cancel."))
        return redirect(f"{reverse('tocsin:events')}?{query}")
    found, broke_off = _meant(request, scope, query)
    if not found:
        warn(request, _("There is nothing to cancel among them: tick events of which something is unsent."))
        return redirect(f"{reverse('tocsin:events')}?{query}")
    context = {
        "events": found[:AT_ONCE],
        "named": found[:NAMED],
        "more": max(0, min(len(found), AT_ONCE) - NAMED),
        "at_once": AT_ONCE if len(found) > AT_ONCE or broke_off else 0,
        "deliveries": unsent_of([event.pk for event in found[:AT_ONCE]]),
        "query": query,
        "section": "ledger",
        "tab": "events",
    }
    return render(request, "tocsin/events_cancel.html", context)


def _meant(request: HttpRequest, scope: Scope, query: str) -> tuple[Sequence[Event], bool]:
    """The events of which something can be stopped, one more than is done at once; and whether there may be more."""
    if request.POST.get("what") != "all":
        keys = _theirs(request.POST.getlist("id"), scope)
        chosen = Event.objects.within(scope).filter(stoppable(), pk__in=keys)
        return list(chosen.select_related("organization").defer("body", "data").order_by("-pk")), False
    form = EventFilter(QueryDict(query), scope, many=sees_many(scope))
    if not form.is_valid() or not form.asked:
        raise Http404("Nothing is looked for.")
    found: Found = form.wanted.search(scope, None, AT_ONCE, stoppable())
    return found.rows, found.next is not None


def _theirs(given: Sequence[str], scope: Scope) -> list[uuid.UUID]:
    """Keys of events, if `scope` sees every one of them."""
    keys = [_cursor(one) for one in given[:AT_ONCE]]
    if Event.objects.within(scope).filter(pk__in=keys).count() != len(set(keys)):
        raise Http404("There is no such event.")
    return keys


def _cursor(given: str) -> uuid.UUID:
    try:
        return uuid.UUID(given)
    except ValueError as error:
        raise Http404(f"{given!r} is no event.") from error
