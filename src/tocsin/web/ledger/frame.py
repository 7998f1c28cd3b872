"""What the pages of the ledger share: what one reader may be told, and the way back after something is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tocsin.deliveries.states import State
from tocsin.events.models import Event
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest

    from tocsin.tenants.scope import Scope


def sees_many(scope: Scope) -> bool:
    """Whether it has to be said whose an event is."""
    if scope.organizations is None:
        return Organization.objects.count() > 1
    return len(scope.organizations) > 1


def event_of(scope: Scope, event_id: uuid.UUID) -> Event:
    """The event, if `scope` sees it; another's is missing like one that never was."""
    related = ("organization", "project", "series")
    found = Event.objects.within(scope).select_related(*related).filter(pk=event_id).first()
    if found is None:
        raise Http404("There is no such event.")
    event: Event = found
    return event


def known_state(state: str) -> str:
    """The state of deliveries that an address names; one that is none is missing."""
    if state and state not in State.values:
        raise Http404(f"{state!r} is no state.")
    return state


def back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """To the page that the form was on, if that is one of this site."""
    target = request.POST.get("next", "")
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(target, allowed_hosts=hosts, require_https=request.is_secure()):
        return HttpResponseRedirect(target)
    return HttpResponseRedirect(reverse(otherwise))
