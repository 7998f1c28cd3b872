"""The inbox over HTTP: the reader's own items, by the session of the site or by an inbox token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse

from tocsin.api import answers
from tocsin.api.auth import INBOX
from tocsin.api.bodies import placed, read_object
from tocsin.api.openapi import body_of
from tocsin.api.params import Cursor, Limit  # noqa: TC001 (ninja reads the annotations)
from tocsin.api.routes import route, scope_of
from tocsin.api.schemas import ChangedOut, CountsOut, ItemPage, SeenIn, SnoozeIn
from tocsin.channels import registry
from tocsin.conf import check_slug
from tocsin.inbox import queries
from tocsin.inbox.summary import summary

if TYPE_CHECKING:
    from django.http import HttpRequest

STREAMS = "tocsin.streams"
"""Key of the WSGI environment: a list in which the ASGI server finds the scope of a stream it may open."""


def reader_of(request: HttpRequest) -> Any:
    """The key of the person whose inbox it is."""
    return scope_of(request).user_id


@route("GET", "/inbox", INBOX, shape=ItemPage)
def list_inbox(
    request: HttpRequest,
    *,
    unread: bool = False,
    snoozed: bool = False,
    channel: str = "",
    after: Cursor = "",
    limit: Limit = 50,
) -> HttpResponse:
    """The reader's items, newest first; those that are put off only where they are asked for."""
    if channel:
        check_slug("channel", channel, [one.slug for one in registry.in_app()])
    page = queries.list_items(
        reader_of(request), unread=unread, snoozed=snoozed, channel=channel, after=after, limit=limit
    )
    return answers.respond({"items": [item.as_json() for item in page.items], "next": page.next or None})


@route("GET", "/inbox/count", INBOX, shape=CountsOut)
def count_inbox(request: HttpRequest) -> HttpResponse:
    """How much is unread. With `If-None-Match` of the last ETag: 304 while nothing changed."""
    found = summary(reader_of(request))
    tag = f'"{found.tag}"'
    known = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    response = HttpResponse(status=304) if tag in known else answers.respond(found.as_json())
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response


@route("GET", "/inbox/stream", INBOX, status=204)
def stream_inbox(request: HttpRequest) -> HttpResponse:
    """Server-sent events where the server speaks ASGI; else 204, and the page asks for the count."""
    streams = request.META.get(STREAMS)
    if not isinstance(streams, list):
        return HttpResponse(status=204)
    streams.append(scope_of(request))
    return HttpResponse(content_type="text/event-stream", headers={"Cache-Control": "no-store"})


@route("POST", "/inbox/read-all", INBOX, shape=ChangedOut)
def read_all(request: HttpRequest) -> HttpResponse:
    """Everything in the bell is read."""
    return answers.respond({"changed": queries.mark_all_read(reader_of(request))})


@route("POST", "/inbox/seen", INBOX, shape=ChangedOut, problems=(400, 404, 413, 415), body=body_of(SeenIn))
def see_items(request: HttpRequest) -> HttpResponse:
    """These were on the screen. They stay unread."""
    with placed():
        given = read_object(request, SeenIn.model_fields)
        return answers.respond({"changed": queries.mark_seen(reader_of(request), given.get("ids"))})


@route("POST", "/inbox/{item_id}/read", INBOX, shape=ChangedOut, problems=(404,))
def read_item(request: HttpRequest, item_id: str) -> HttpResponse:
    """One item is read."""
    return answers.respond({"changed": queries.mark_read(reader_of(request), [item_id])})


@route("POST", "/inbox/{item_id}/dismiss", INBOX, shape=ChangedOut, problems=(404,))
def dismiss_item(request: HttpRequest, item_id: str) -> HttpResponse:
    """Put one item away."""
    return answers.respond({"changed": queries.dismiss(reader_of(request), [item_id])})


@route("POST", "/inbox/{item_id}/snooze", INBOX, shape=ChangedOut, problems=(400, 404, 413, 415),
       body=body_of(SnoozeIn))  # fmt: skip
def snooze_item(request: HttpRequest, item_id: str) -> HttpResponse:
    """Put one item off: it comes back unread."""
    with placed():
        given = read_object(request, SnoozeIn.model_fields)
        return answers.respond({"changed": queries.snooze(reader_of(request), [item_id], given.get("until"))})
