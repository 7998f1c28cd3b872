"""The desk's templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_safe

from tocsin.web.access import for_desk
from tocsin.web.desk.frame import show
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.web.access import Desk


@strict
@for_desk("admin")
@require_safe
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A list."""
    return show(request, desk, "tocsin/desk/page.html", {"tab": "templates"})
