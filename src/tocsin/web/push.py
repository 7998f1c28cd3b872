"""Notifications on a device: its service worker, its subscription, and which of those it shows are over."""

from __future__ import annotations

import json
import uuid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.channels import redact
from tocsin.channels.clicks import delivery_of
from tocsin.errors import InvalidInput
from tocsin.inbox import queries
from tocsin.inbox.over import over
from tocsin.web import subscriptions, this_browser
from tocsin.web.access import for_anyone, for_readers, is_operator
from tocsin.web.devices import device_name
from tocsin.web.policy import strict
from tocsin.web.words import SPOKEN

if TYPE_CHECKING:
    from django.http import HttpRequest

SCRIPT = Path(__file__).resolve().parent.parent / "static" / "tocsin" / "worker.js"
MOST = 100
"""Events that are asked after at once; no browser shows more notifications of one site."""
SETTINGS = ("endpoint", "p256dh", "auth", "key")
"""What a browser says of its subscription, by the names of the channel's settings."""


def offer(request: HttpRequest) -> dict[str, Any]:
    """What the inbox page needs to offer notifications; why it does not is the operator's to know."""
    problem = subscriptions.problem()
    told = problem if is_operator(request.user) else ""
    return {"offered": not problem, "problem": told, "me": str(request.user.pk)}


@strict
@for_anyone
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. It sees the addresses below its own; its update must not meet a sign-in."""
    given = {
        "icon": static("tocsin/bell.png"),
        "inbox": reverse("tocsin:inbox"),
        "push": reverse("tocsin:push"),
        "clicked": reverse("tocsin:push-clicked"),
        "api": reverse("tocsin-api:api-root"),
        "words": {language: _words(language) for language in SPOKEN},
    }
    script = f"const GIVEN = {json.dumps(given)};\n{_source()}"
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@strict
@for_readers
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def push(request: HttpRequest) -> JsonResponse:
    """Today's key, who asks, and a form's token; or keep, renew, look at, rest or end this browser's subscription."""
    if request.method != "POST":
        known = {"key": subscriptions.public_key(), "me": str(request.user.pk)}
        return JsonResponse(known | {"csrf": get_token(request)})
    endpoint = request.POST.get("endpoint", "")
    match request.POST.get("action", ""):
        case "on":
            return _keep(request, quiet=False)
        case "renew":
            return _keep(request, quiet=True)
        case "look":
            return _said(request, subscriptions.state_of(request.user, endpoint))
        case "rest":
            subscriptions.rest(request.user, endpoint)
        case "off":
            subscriptions.end(request.user, endpoint)
        case other:
            raise Http404(f"{other!r} cannot be done.")
    response = JsonResponse({"state": "off"})
    this_browser.forget(response)
    return response


@strict
@for_readers
@require_safe
def finished(request: HttpRequest) -> JsonResponse:
    """Of the events that the address names, those that need not be shown any more."""
    asked = request.GET.getlist("event")
    if len(asked) > MOST:
        raise Http404("These are too many.")
    found = over(request.user, {key for key in map(_key, asked) if key is not None})
    return JsonResponse({"over": sorted(map(str, found))})


@csrf_exempt  # the proof is the right to it: the browser may be signed in no more, or as somebody else
@strict
@for_anyone
@require_POST
def clicked(request: HttpRequest) -> JsonResponse:
    """Who was shown a notification clicked on it, and so has read what it speaks of. Twice is the same as once."""
    delivery = delivery_of(request.POST.get("read", ""))
    if delivery is None:
        raise Http404("That is no proof of ours.")
    return JsonResponse({"changed": queries.mark_told_read(delivery)})


def _keep(request: HttpRequest, *, quiet: bool) -> JsonResponse:
    given = {name: request.POST.get(name, "") for name in SETTINGS}
    name = device_name(request.headers.get("User-Agent", ""))
    try:
        old, was = request.POST.getlist("old"), this_browser.known(request)
        state = subscriptions.keep(request.user, given, name, old=old, was=was, quiet=quiet)
    except InvalidInput as error:
        said = [f"{one.field} {one.message} {one.remedy}".strip() for one in error.errors]
        return JsonResponse(
            {"errors": [redact.strike(one, list(given.values())) for one in said]}, status=422
        )
    return _said(request, state)


def _said(request: HttpRequest, state: str) -> JsonResponse:
    """What a subscription is; the browser that has it is known from then on."""
    response = JsonResponse({"state": state})
    if (key := subscriptions.key_of(request.user, request.POST.get("endpoint", ""))) is not None:
        this_browser.remember(request, response, key)
    return response


def _key(given: str) -> uuid.UUID | None:
    """An event's key; None for what is none, such as what a test shows."""
    try:
        return uuid.UUID(given)
    except ValueError:
        return None


@cache
def _source() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def _words(language: str) -> dict[str, str]:
    """What the worker says itself, in one language."""
    with translation.override(language):
        return {
            "news": _("There is something new"),
            "look": _("Open the inbox to see it."),
        }
