"""My destinations: the addresses by which I can be told, added, tried and removed by myself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.tenants.roles import scope_of
from tocsin.web import shelf
from tocsin.web.access import for_readers
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@strict
@for_readers
@require_safe
def destinations(request: HttpRequest) -> HttpResponse:
    """All of mine; the address of my account comes first."""
    return shelf.listing(request, _mine(request))


@strict
@for_readers
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """One more."""
    return shelf.add(request, _mine(request))


@strict
@for_readers
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def destination(request: HttpRequest, key: str) -> HttpResponse:
    """One of mine."""
    return shelf.edit(request, _mine(request), key)


@strict
@for_readers
@require_POST
def act(request: HttpRequest, key: str) -> HttpResponse:
    """Do something with one of mine."""
    return shelf.act(request, _mine(request), key)


def _mine(request: HttpRequest) -> shelf.Shelf:
    return shelf.Shelf(
        pages="tocsin:destination",
        frame="tocsin/mine/page.html",
        context={"section": "mine", "tab": "destinations"},
        owner=request.user,
        scope=scope_of(request.user),
    )
