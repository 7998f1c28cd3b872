"""The inbox page: what a person was told, newest first, and what they do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin import clock
from tocsin.errors import InvalidInput, NotFound
from tocsin.inbox import queries
from tocsin.inbox.summary import summary
from tocsin.web.access import for_readers
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

SNOOZE = timedelta(days=7)
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
        "section": "inbox",
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
                queries.snooze(request.user, [public_id], clock.now() + SNOOZE)
            case "read-all":
                queries.mark_all_read(request.user)
            case other:
                raise Http404(f"{other!r} cannot be done.")
    except NotFound as error:
        raise Http404(str(error)) from error
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The page that the form was on, rebuilt from known values."""
    kept = {name: request.POST[name] for name in ("show", "after") if request.POST.get(name)}
    return reverse("tocsin:inbox") + (f"?{urlencode(kept)}" if kept else "")
