"""What the standalone server answers where nothing else does: no such page, a bug, a form from another session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from tocsin.api.answers import of_error, problem
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from django.http import HttpRequest


@strict
def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page, or it is another's: the two look the same."""
    if _asks_the_api(request):
        return of_error(Http404()).as_response()
    return render(request, "tocsin/error.html", {"kind": "missing"}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """A bug, or the database is away. The page needs neither it nor anybody who is signed in."""
    if _asks_the_api(request):
        return problem(500, "This is a mistake in the server; it has been logged.").as_response()
    return HttpResponse(BROKEN, status=500)


@strict
def stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from before somebody signed in or out, or from a site that is not this one."""
    return render(request, "tocsin/error.html", {"kind": "stale"}, status=403)


def _asks_the_api(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("tocsin-api:api-root"))


BROKEN = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Something is broken · tocsin</title>
<h1>Something is broken here</h1>
<p>The database may be away, or this is a bug. Nothing that was accepted is lost. The log says what happened.</p>
<p><a href="/">Try again</a></p></html>
"""
