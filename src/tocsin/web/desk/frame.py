"""What all pages of the desk share: its sections, and the organizations between which one may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tocsin.web.access import desks_of, for_readers
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.web.access import Desk

SECTIONS = (
    ("rules", _("Rules"), "rules"),
    ("destinations", _("Destinations"), "destinations"),
    ("types", _("Event types"), "admin"),
    ("templates", _("Templates"), "admin"),
    ("people", _("People"), "admin"),
    ("tokens", _("Tokens"), "admin"),
    ("audit", _("Audit log"), "admin"),
)
"""The sections' names in addresses (`tocsin:desk-NAME`), what they are called, and the permission each needs."""


@strict
@for_readers
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The desk of the reader's first organization."""
    desks = desks_of(request.user)
    if not desks:
        raise Http404("You have no desk.")
    return redirect("tocsin:desk-rules", desks[0].slug)


def show(
    request: HttpRequest, desk: Desk, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of the desk: `template` with `context`, in its frame. `context["tab"]` names the section."""
    return render(request, template, around(request, desk, context["tab"]) | context, status=status)


def around(request: HttpRequest, desk: Desk, tab: str) -> dict[str, Any]:
    """What the frame of the section `tab` shows: the sections that are open, and the other desks."""
    needed = {name: permission for name, _label, permission in SECTIONS}[tab]
    return {
        "desk": desk,
        "organization": desk.organization,
        "sections": [
            (name, label, reverse(f"tocsin:desk-{name}", args=[desk.organization.slug]))
            for name, label, permission in SECTIONS
            if desk.may(permission)
        ],
        "desks": [
            (
                one,
                reverse(f"tocsin:desk-{tab if desk.scope.may(needed, one.pk) else 'rules'}", args=[one.slug]),
            )
            for one in desks_of(request.user)
        ],
        "section": "desk",
        "tab": tab,
    }
