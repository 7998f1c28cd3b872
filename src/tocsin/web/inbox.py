"""The inbox page: what a person was told, newest first, and what they do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tocsin import clock
from tocsin.errors import InvalidInput, NotFound
from tocsin.inbox import queries
from tocsin.inbox.summary import summary
from tocsin.schedule.wishes import zone_of
from tocsin.web import push
from tocsin.web.access import for_readers
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

MORNING = 9
LATER = {"hour": _("In an hour"), "morning": _("Tomorrow morning"), "monday": _("Next Monday")}
"""Until when an item may be put off on the page, as in the bell."""
SHOWN: dict[str, dict[str, Any]] = {
    "": {},
    "unread": {"unread": True},
    "snoozed": {"snoozed": True},
    "dismissed": {"dismissed": True},
}
PAGE = 30


@strict
@for_readers
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a visitor lands: their inbox."""
    return redirect("tocsin:inbox")


@strict
@for_readers
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """One page of the reader's items: all, the unread, or those put away."""
    show = request.GET.get("show", "")
    if show not in SHOWN:
        raise Http404(show)
    try:
        page = queries.list_items(request.user, after=request.GET.get("after", ""), limit=PAGE, **SHOWN[show])
    except InvalidInput as error:
        raise Http404(str(error)) from error
    context = {
        "page": page,
        "show": show,
        "is_first": "after" not in request.GET,
        "summary": summary(request.user),
        "later": LATER.items(),
        "section": "inbox",
        "push": push.offer(request),
    }
    return render(request, "tocsin/inbox.html", context)


@strict
@for_readers
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Mark one item read, put one away, or mark everything in the bell read; then show the page again."""
    public_id = request.POST.get("id", "")
    try:
        match request.POST.get("action", ""):
            case "read":
                queries.mark_read(request.user, [public_id])
            case "dismiss":
                queries.dismiss(request.user, [public_id])
            case "snooze":
                queries.snooze(request.user, [public_id], _until(request))
            case "read-all":
                queries.mark_all_read(request.user)
            case other:
                raise Http404(f"{other!r} cannot be done.")
    except NotFound as error:
        raise Http404(str(error)) from error
    return HttpResponseRedirect(_back(request))


def _until(request: HttpRequest) -> datetime:
    """When an item is to come back, by the clock of its reader."""
    now = clock.now().astimezone(ZoneInfo(zone_of(request.user.pk)))
    morning = now.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    match request.POST.get("until", ""):
        case "hour":
            return now + timedelta(hours=1)
        case "morning":
            return morning + timedelta(days=1)
        case "monday":
            return morning + timedelta(days=7 - now.weekday())
        case other:
            raise Http404(f"{other!r} is no time to come back.")


def _back(request: HttpRequest) -> str:
    """The page that the form was on, rebuilt from known values."""
    kept = {name: request.POST[name] for name in ("show", "after") if request.POST.get(name)}
    return reverse("tocsin:inbox") + (f"?{urlencode(kept)}" if kept else "")
