"""My rules: what I want to be told of beside what others send me."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.tenants.roles import scope_of
from tocsin.web.access import KEEPS, for_readers, organizations_of
from tocsin.web.policy import strict
from tocsin.web.rules import board

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest, HttpResponse


@strict
@for_readers
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """All of mine."""
    return board.listing(request, _mine(request))


@strict
@for_readers
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """One of mine, or a new one."""
    return board.edit(request, _mine(request), number)


@strict
@for_readers
@require_POST
def act(request: HttpRequest, number: int) -> HttpResponse:
    """Do something with one of mine."""
    return board.act(request, _mine(request), number)


def _mine(request: HttpRequest) -> board.Board:
    """In the organizations whose events this person may read: a rule about others would tell them nothing."""
    user: Any = request.user
    return board.Board(
        pages="tocsin:rule",
        frame="tocsin/mine/page.html",
        context={"section": "mine", "tab": "rules"},
        organizations=tuple(organizations_of(user, KEEPS)),
        by=scope_of(user).name,
        user_pk=user.pk,
    )
