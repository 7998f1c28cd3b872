"""The organization's destinations: shared channels and addresses that its rules may tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.recipients.destinations import MANAGE
from tocsin.web import shelf
from tocsin.web.access import for_desk
from tocsin.web.desk.frame import around
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.web.access import Desk


@strict
@for_desk(MANAGE)
@require_safe
def destinations(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All of them."""
    return shelf.listing(request, _theirs(request, desk))


@strict
@for_desk(MANAGE)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, desk: Desk) -> HttpResponse:
    """One more."""
    return shelf.add(request, _theirs(request, desk))


@strict
@for_desk(MANAGE)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def destination(request: HttpRequest, desk: Desk, key: str) -> HttpResponse:
    """One of them."""
    return shelf.edit(request, _theirs(request, desk), key)


@strict
@for_desk(MANAGE)
@require_POST
def act(request: HttpRequest, desk: Desk, key: str) -> HttpResponse:
    """Do something with one of them."""
    return shelf.act(request, _theirs(request, desk), key)


def _theirs(request: HttpRequest, desk: Desk) -> shelf.Shelf:
    return shelf.Shelf(
        pages="tocsin:desk-destination",
        frame="tocsin/desk/page.html",
        args=(desk.organization.slug,),
        context=around(request, desk, "destinations"),
        owner=desk.organization,
        scope=desk.scope.narrowed(MANAGE),
    )
