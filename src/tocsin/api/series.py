"""Series over HTTP: events that come again by a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.encoding import escape_uri_path

from tocsin import conf, pipeline
from tocsin.api import answers, ingest
from tocsin.api.bodies import placed, read_object
from tocsin.api.openapi import body_of
from tocsin.api.params import Cursor, Limit, key_of
from tocsin.api.routes import route, scope_of
from tocsin.api.schemas import CancelledOut
from tocsin.api.series_shapes import SeriesIn, SeriesOut, SeriesPage
from tocsin.errors import invalid
from tocsin.schedule.models import Series, SeriesState
from tocsin.schedule.series import TIMING, as_json, find

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope

ONE = "/series/{series_id}"
DEEP = 20
"""Every dot in a field parts names."""


@route("GET", "/series", "events:read", shape=SeriesPage)
def list_series(
    request: HttpRequest, *, state: str = "", about: str = "", after: Cursor = "", limit: Limit = 50
) -> HttpResponse:
    """The series of the caller's organizations, the newest first."""
    rows = _visible(scope_of(request)).order_by("-pk")
    if state:
        rows = rows.filter(state=conf.check_slug("state", state, SeriesState.values))
    if about:
        rows = rows.filter(about=about)
    if after:
        rows = rows.filter(pk__lt=key_of(after))
    items = as_json(rows[: limit + 1])
    return answers.respond(
        {"items": items[:limit], "next": items[limit - 1]["id"] if len(items) > limit else None}
    )


@route("POST", "/series", ingest.WRITE, shape=SeriesOut, status=201, problems=(400, 409, 413, 415, 507),
       body=body_of(SeriesIn))  # fmt: skip
def create_series(request: HttpRequest) -> HttpResponse:
    """Store an event that comes again; its first occurrence waits at once."""
    scope = scope_of(request)
    with placed(depth=DEEP):
        given = read_object(request, SeriesIn.model_fields, most=conf.get("MAX_BODY_BYTES"))
        event = given.get("event")
        if not isinstance(event, dict):
            raise invalid("event", "must be an object.", 'Send {"type": …, "title": …}.')
        timing = {name: given.get(name) for name in TIMING}
        draft, checked = pipeline.parse_series(event, timing, scope, prefix="event.")
    ingest.refuse_addresses(draft, scope)
    made = pipeline.start_series(draft, checked, by=scope.name)
    response = answers.respond(as_json([made])[0], 201)
    response["Location"] = f"{escape_uri_path(request.path)}/{made.pk}"
    return response


@route("GET", ONE, "events:read", shape=SeriesOut, problems=(404,))
def get_series(request: HttpRequest, series_id: str) -> HttpResponse:
    """One series."""
    return answers.respond(as_json([find(series_id, _visible(scope_of(request)))])[0])


@route("POST", f"{ONE}/cancel", ingest.WRITE, shape=CancelledOut, problems=(404,))
def cancel_series(request: HttpRequest, series_id: str) -> HttpResponse:
    """End a series, and cancel the occurrence that waits."""
    scope = scope_of(request)
    return answers.respond({"cancelled": pipeline.cancel(series_id=series_id, scope=scope)})


def _visible(scope: Scope) -> QuerySet[Series]:
    found: QuerySet[Series] = Series.objects.within(scope).select_related("organization", "project")
    return found
