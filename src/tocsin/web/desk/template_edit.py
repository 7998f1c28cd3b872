"""The editor of one template: its texts, what they make of a sample beside them, and the versions before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tocsin.deliveries.wording import save as wording
from tocsin.deliveries.wording.language import MOST_CHARACTERS
from tocsin.deliveries.wording.models import Template
from tocsin.deliveries.wording.save import LOCALE
from tocsin.errors import Conflict, InvalidInput
from tocsin.web.access import for_desk
from tocsin.web.changes import doers
from tocsin.web.desk.frame import show
from tocsin.web.desk.people import FORMS
from tocsin.web.desk.templates import TAB, titles
from tocsin.web.desk.wording import (
    Place,
    address_of,
    differing_lines,
    language,
    last_change,
    place_in,
    row_at,
    shown,
    variables,
)
from tocsin.web.forms import place as put
from tocsin.web.policy import strict_with_frame
from tocsin.web.said import say

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from tocsin.deliveries.wording.models import TemplateVersion
    from tocsin.web.access import Desk

TEXTS = wording.TEXTS
VERSIONS = 20


class TemplateForm(forms.Form):
    """Title and text, and the version that they were made from."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=MOST_CHARACTERS,
        required=False,
        strip=False,
        help_text=gettext_lazy("The subject of a mail. Empty: the event's own."),
    )
    body = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=MOST_CHARACTERS,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "true"}),
        help_text=gettext_lazy(
            "In Markdown: **bold**, [a link](https://example.org/), - a list. Empty: the event's own."
        ),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)


class Overtaken(NamedTuple):
    """Somebody saved in between."""

    by: str
    at: datetime
    is_deleted: bool
    lines: list[tuple[str, str]]


class Version(NamedTuple):
    """One version, who made it, and what it changed."""

    row: TemplateVersion
    by: str
    lines: list[tuple[str, str]]
    is_now: bool


@strict_with_frame
@for_desk("admin")
@require_http_methods(FORMS)
def edit(request: HttpRequest, desk: Desk, event_type: str, channel: str, locale: str) -> HttpResponse:
    """Show it with a preview, look again at what is typed, or keep it."""
    place = place_in(desk, event_type, channel, locale)
    if "language" in request.GET:
        asked = request.GET["language"].lower()
        if not LOCALE.fullmatch(asked):
            raise Http404("There is no such language.")
        return redirect(address_of(desk, place._replace(locale=asked)))
    row = row_at(desk, place)
    is_there = row is not None and row.deleted_at is None
    now = {name: getattr(row, name) if is_there else "" for name in TEXTS}
    form = TemplateForm(
        request.POST if request.method == "POST" else None,
        initial=now | {"version": row.version if row else 0},
    )
    overtaken = None
    if form.is_valid() and "preview" not in request.POST:
        overtaken = _overtaken(form, row) or _keep(form, desk, place, row)
        if not (overtaken or form.errors):
            say(request, _("It is kept. Events are told in these words from now on."))
            return redirect(request.path)
    texts = {name: str(form[name].value() or "") for name in TEXTS}
    context = TAB | titles(place) | {
        "place": place,
        "form": form,
        "is_there": is_there,
        "preview": shown(desk, place, texts),
        "overtaken": overtaken,
        "variables": variables(desk, place),
        "versions": _versions(row) if row else [],
        "languages": _languages(desk, place),
        "others": [(code, name) for code, name in settings.LANGUAGES if code != place.locale],
        "edit": address_of(desk, place),
    }  # fmt: skip
    status = 422 if form.errors or overtaken else 200
    return show(request, desk, "tocsin/desk/template.html", context, status=status)


def _overtaken(form: TemplateForm, row: Template | None) -> Overtaken | None:
    """Who saved since the page was opened. The form then stands on their version, so that saving again is meant."""
    number = row.version if row else 0
    if row is None or (form.cleaned_data["version"] or 0) == number:
        return None
    last = last_change(row)
    posted: Any = form.data
    form.data = {**posted.dict(), "version": str(number)}
    theirs = _said(last)
    return Overtaken(
        doers([last.by])[last.by], last.at, last.deleted, differing_lines(theirs, form.cleaned_data)
    )


def _keep(form: TemplateForm, desk: Desk, place: Place, row: Template | None) -> Overtaken | None:
    texts = {name: form.cleaned_data[name] for name in TEXTS}
    try:
        if row is not None and row.deleted_at is None:
            wording.save(desk.organization.pk, texts, desk.by, row, version=row.version)
        else:
            wording.save(desk.organization.pk, place._asdict() | texts, desk.by)
    except InvalidInput as error:
        put(form, error)
    except Conflict:  # between our look and theirs
        return _overtaken(form, row_at(desk, place))
    return None


def _versions(row: Template) -> list[Version]:
    """The newest versions, each with what it changed of the one before."""
    rows = wording.versions(row)[: VERSIONS + 1]
    by = doers(one.by for one in rows)
    said = [*map(_said, rows), dict.fromkeys(TEXTS, "")]
    return [
        Version(one, by[one.by], differing_lines(said[index + 1], said[index]), one.number == row.version)
        for index, one in enumerate(rows[:VERSIONS])
    ]


def _said(version: TemplateVersion) -> dict[str, str]:
    """The texts of a version; none where it says that there is no template."""
    return {name: "" if version.deleted else getattr(version, name) for name in TEXTS}


def _languages(desk: Desk, place: Place) -> list[tuple[str, str, bool]]:
    """All languages, and each that has words of its own here, with its page, and whether it is this one."""
    rows = Template.objects.filter(
        organization=desk.organization, event_type=place.event_type, channel=place.channel, deleted_at=None
    )
    codes = sorted({"", place.locale, *rows.values_list("locale", flat=True)})
    return [
        (language(code), address_of(desk, place._replace(locale=code)), code == place.locale)
        for code in codes
    ]
