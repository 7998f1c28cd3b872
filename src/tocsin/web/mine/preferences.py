"""What I hear of: every kind of message by every channel, with who said so where I say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tocsin.channels import registry
from tocsin.errors import InvalidInput
from tocsin.events.declared import types_of
from tocsin.recipients import preferences as wishes
from tocsin.recipients.models import Destination, Preference
from tocsin.tenants.models import Organization
from tocsin.tenants.organizations import organization_id
from tocsin.web.access import for_readers
from tocsin.web.policy import strict
from tocsin.web.said import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import Promise

    from tocsin.events.types import EventType

ANSWERS = {"": None, "on": True, "off": False}
"""What a square may be set to."""


class Row(NamedTuple):
    """A kind of message, or all of a category, with its squares."""

    subject: str
    label: str | Promise
    is_category: bool
    mandatory: bool
    cells: list[wishes.Cell]


@strict
@for_readers
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show the table, or keep what was changed in it."""
    chosen = _organization(request)
    channels = _channels(request.user)
    cells = wishes.cells(request.user.pk, chosen.pk, channels)
    if request.method == "POST":
        changes = list(_changes(request, cells))
        try:
            parsed = wishes.parse_changes(changes, organization=chosen.pk)
        except InvalidInput as error:
            raise Http404(str(error)) from error
        wishes.save(parsed, request.user.get_username(), user=request.user.pk)
        say(request, _("It is kept.") if parsed else _("Nothing was changed."))
        return HttpResponseRedirect(request.get_full_path())
    context = {
        "rows": _rows(cells, channels, types_of([chosen.pk])),
        "channels": [(slug, registry.channels()[slug].label) for slug in channels],
        "organizations": _organizations(request.user),
        "chosen": chosen,
        "section": "mine",
        "tab": "preferences",
    }
    return render(request, "tocsin/mine/preferences.html", context)


def _organizations(user: Any) -> list[Organization]:
    return list(Organization.objects.filter(memberships__user=user.pk).order_by("name", "slug"))


def _organization(request: HttpRequest) -> Organization:
    """The organization that is asked for, else the reader's first, else the implicit one."""
    theirs = _organizations(request.user)
    slug = request.GET.get("organization", "")
    if not slug:
        return theirs[0] if theirs else Organization.objects.get(pk=organization_id())
    found = next((one for one in theirs if one.slug == slug), None)
    if found is None:
        raise Http404(f"{slug!r} is none of yours.")
    return found


def _channels(user: Any) -> list[str]:
    """Those by which this person can be told, and those of which they said something."""
    reached = set(Destination.objects.filter(user=user.pk).values_list("channel", flat=True))
    said = set(Preference.objects.filter(user=user.pk).values_list("channel", flat=True))
    return [
        slug
        for slug, channel in registry.channels().items()
        if channel.in_app or channel.uses_account_email or slug in reached | said
    ]


def _rows(
    cells: dict[tuple[str, str], wishes.Cell], channels: list[str], known: dict[str, EventType]
) -> list[Row]:
    """Types without a category first, then each category with its own row and its types."""
    by_category: dict[str, list[tuple[str, EventType]]] = {}
    for name, kind in sorted(known.items(), key=lambda item: str(item[1].label).casefold()):
        by_category.setdefault(kind.category, []).append((name, kind))
    rows = []
    for category, kinds in sorted(by_category.items()):
        if category:
            key = f"{wishes.CATEGORY}{category}"
            rows.append(Row(key, category, True, False, [cells[key, slug] for slug in channels]))
        rows += [
            Row(name, kind.label, False, kind.mandatory, [cells[name, slug] for slug in channels])
            for name, kind in kinds
        ]
    return rows


def _changes(request: HttpRequest, cells: dict[tuple[str, str], wishes.Cell]) -> Iterator[dict[str, Any]]:
    """What differs from what is kept. A square that the form did not have stays as it is."""
    for (subject, channel), cell in cells.items():
        answer = request.POST.get(f"{subject} {channel}")
        if answer is None:
            continue
        if answer not in ANSWERS:
            raise Http404(f"{answer!r} is no answer.")
        if ANSWERS[answer] != cell.own:
            yield {"subject": subject, "channel": channel, "wanted": ANSWERS[answer]}
