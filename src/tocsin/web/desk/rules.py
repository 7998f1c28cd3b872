"""The organization's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.web.access import AT_DESK, for_desk
from tocsin.web.desk.frame import around
from tocsin.web.policy import strict
from tocsin.web.rules import board

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.web.access import Desk


@strict
@for_desk(AT_DESK)
@require_safe
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All of them."""
    return board.listing(request, _theirs(request, desk))


@strict
@for_desk(AT_DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, desk: Desk, number: int | None = None) -> HttpResponse:
    """One of them, or a new one."""
    return board.edit(request, _theirs(request, desk), number)


@strict
@for_desk(AT_DESK)
@require_POST
def act(request: HttpRequest, desk: Desk, number: int) -> HttpResponse:
    """Do something with one of them."""
    return board.act(request, _theirs(request, desk), number)


def _theirs(request: HttpRequest, desk: Desk) -> board.Board:
    return board.Board(
        pages="tocsin:desk-rule",
        frame="tocsin/desk/page.html",
        args=(desk.organization.slug,),
        context=around(request, desk, "rules"),
        organizations=(desk.organization,),
        by=desk.by,
    )
