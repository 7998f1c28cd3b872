"""The desk's templates: which events are told in other words by type, channel and language, and how they got them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.channels import registry
from tocsin.deliveries.wording import save as wording
from tocsin.deliveries.wording.models import Template
from tocsin.errors import InvalidInput, NotFound
from tocsin.events import types
from tocsin.events.declared import types_of
from tocsin.events.ids import number_of
from tocsin.web.access import for_desk
from tocsin.web.desk.frame import show
from tocsin.web.desk.people import FORMS
from tocsin.web.desk.wording import Place, address_of, language, pictured, place_in, row_at
from tocsin.web.policy import strict, strict_picture
from tocsin.web.rows import channel_name
from tocsin.web.said import say, warn

if TYPE_CHECKING:
    from django.http import HttpRequest

    from tocsin.web.access import Desk

TAB = {"tab": "templates"}


class Cell(NamedTuple):
    """What there is for one type on one channel: languages with their pages, and where a gap is filled."""

    channel: str
    written: list[tuple[str, str]]
    write: str


class Row(NamedTuple):
    """An event type, its label, and a cell for each channel."""

    key: str
    label: str
    cells: list[Cell]


@strict
@for_desk("admin")
@require_safe
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every type with the channels by which it is told; those that are worded here first. One alone with all."""
    wanted = request.GET.get("type", "")
    known = types_of([desk.organization.pk])
    there: dict[tuple[str, str], list[str]] = {}
    rows = Template.objects.filter(organization=desk.organization, deleted_at=None)
    for *place, locale in rows.order_by("locale").values_list("event_type", "channel", "locale"):
        there.setdefault((place[0], place[1]), []).append(locale)
    keys = {*known, *(key for key, _channel in there)}
    worded = {key for key, _channel in there}
    chosen = sorted(
        keys & {wanted} if wanted else keys, key=lambda key: (key not in worded, _label(known, key))
    )
    context = {
        "rows": [
            Row(
                key,
                _label(known, key),
                [_cell(desk, key, slug, there) for slug in _shown(known, key, there, wanted)],
            )
            for key in chosen
        ],
        "wanted": wanted,
        "worded": worded,
    }
    return show(request, desk, "tocsin/desk/templates.html", TAB | context)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def delete(request: HttpRequest, desk: Desk, event_type: str, channel: str, locale: str) -> HttpResponse:
    """Events are told in their own words again, after it was said so."""
    place, found = _there(desk, event_type, channel, locale)
    if request.method == "POST":
        wording.delete(found, desk.by)
        say(request, _("It is deleted. Its versions are kept, and can be put back."))
        return redirect(address_of(desk, place))
    context = {"place": place, "edit": address_of(desk, place)} | titles(place)
    return show(request, desk, "tocsin/desk/template_delete.html", TAB | context)


@strict
@for_desk("admin")
@require_POST
def restore(request: HttpRequest, desk: Desk, event_type: str, channel: str, locale: str) -> HttpResponse:
    """An old version is put back, as a new one."""
    place = place_in(desk, event_type, channel, locale)
    found, number = row_at(desk, place), number_of(request.POST.get("number", ""))
    if found is None or number is None:
        raise Http404("There is no such version.")
    try:
        wording.restore(found, number, desk.by)
    except NotFound as error:
        raise Http404(str(error)) from error
    except InvalidInput as error:
        warn(request, _("It cannot be put back: %(why)s") % {"why": error})
    else:
        say(request, _("Version %(number)s is back.") % {"number": number})
    return redirect(address_of(desk, place))


@strict_picture
@for_desk("admin")
@require_safe
def picture(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A message's HTML as it is sent, for the frame of the editor."""
    return HttpResponse(pictured(desk, request.GET.get("said", "")))


def titles(place: Place) -> dict[str, Any]:
    """What type, channel and language of a template are called."""
    return {
        "type": types.find(place.event_type),
        "channel": channel_name(place.channel),
        "language": language(place.locale),
    }


def _there(desk: Desk, *names: str) -> tuple[Place, Template]:
    place = place_in(desk, *names)
    found = row_at(desk, place)
    if found is None or found.deleted_at is not None:
        raise Http404("There is no such template.")
    return place, found


def _shown(
    known: dict[str, Any], key: str, there: dict[tuple[str, str], list[str]], wanted: str
) -> list[str]:
    """The channels that are shown for a type."""
    told = known[key].channels if key in known else ()
    return [slug for slug in registry.channels() if wanted or slug in told or (key, slug) in there]


def _cell(desk: Desk, key: str, channel: str, there: dict[tuple[str, str], list[str]]) -> Cell:
    locales = there.get((key, channel), [])
    written = [(language(one), address_of(desk, Place(key, channel, one))) for one in locales]
    gap = "" if "" in locales else address_of(desk, Place(key, channel, ""))
    return Cell(str(channel_name(channel)), written, gap)


def _label(known: dict[str, Any], key: str) -> str:
    return str(known[key].label) if key in known else key
