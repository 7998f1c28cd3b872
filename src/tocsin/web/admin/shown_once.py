"""What was made and is kept nowhere in clear: shown in the answer itself, and in no message, session or history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.admin import ModelAdmin
    from django.http import HttpRequest, HttpResponse


def show_once(
    page: ModelAdmin[Any], request: HttpRequest, made: Mapping[str, str], answer: HttpResponse
) -> HttpResponse:
    """`answer`, or before it a page with what was made, by name."""
    if not made or "Location" not in answer:
        return answer
    context = {
        **page.admin_site.each_context(request),
        "title": _("Made just now, shown this once"),
        "made": made,
        "next": answer["Location"],
    }
    return TemplateResponse(request, "admin/tocsin/made.html", context)
