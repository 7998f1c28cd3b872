"""The page behind List-Unsubscribe: a look asks, a post does it, with one click and without signing in (RFC 8058)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tocsin.channels import registry
from tocsin.errors import NotFound
from tocsin.events import types
from tocsin.recipients import unsubscribe
from tocsin.web.access import for_anyone
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@csrf_exempt  # the token is the proof; a mail program that posts it has no cookie
@strict
@for_anyone
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to end it, or end it."""
    try:
        subject = unsubscribe.read(token)
    except NotFound as error:
        raise Http404(str(error)) from error
    if request.method == "POST":
        unsubscribe.end(subject)
    channel = registry.channels().get(subject.channel)
    context = {
        "done": request.method == "POST",
        "channel": channel.label if channel else subject.channel,
        "names": [str(types.find(kind).label) for kind in subject.event_types],
    }
    return render(request, "tocsin/unsubscribe.html", context)
