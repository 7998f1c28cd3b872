"""The desk's event types: those of the software and of its settings, and those that the organization made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.http import Http404
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tocsin import conf
from tocsin.channels import registry
from tocsin.events import declared, types
from tocsin.events.declared import DeclaredType
from tocsin.levels import Level
from tocsin.rules.naming import rules_naming_type
from tocsin.web.access import for_desk
from tocsin.web.desk.frame import show
from tocsin.web.desk.people import FORMS
from tocsin.web.forms import attempt
from tocsin.web.policy import strict
from tocsin.web.rows import channel_name
from tocsin.web.said import say

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.events.types import EventType
    from tocsin.web.access import Desk

TAB = {"tab": "types"}


class Row(NamedTuple):
    """A type, the names of its channels, and where it comes from: "here", "settings" or "software"."""

    type: EventType
    channels: list[str]
    source: str


class TypeForm(forms.Form):
    """An event type of the organization's own. A new one's key is made of its name where none is given."""

    label = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=declared.MAX_LABEL,
        help_text=gettext_lazy(
            "What happened, in a few words: “Order paid”. People see it in their settings."
        ),
    )
    key = forms.CharField(label=gettext_lazy("Key"), max_length=types.MAX_KEY, required=False)
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("How people are told"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        initial=["message"],
        help_text=gettext_lazy("Where neither the event nor a rule says it."),
    )
    level = forms.ChoiceField(
        label=gettext_lazy("How grave it is"),
        initial=Level.INFO.slug,
        choices=[(level.slug, level.label) for level in Level],
        help_text=gettext_lazy("Where the event does not say it."),
    )
    category = forms.CharField(
        label=gettext_lazy("Category"),
        max_length=declared.MAX_CATEGORY,
        required=False,
        help_text=gettext_lazy(
            "Types of one category stand together in people's settings, and are chosen together."
        ),
    )
    mandatory = forms.BooleanField(
        label=gettext_lazy("Nobody can switch it off"),
        required=False,
        help_text=gettext_lazy("For what people must be told, such as a breach of their account."),
    )
    critical_passes = forms.BooleanField(
        label=gettext_lazy("Critical ones come at any hour"),
        required=False,
        help_text=gettext_lazy("Also in the quiet hours of whoever is told."),
    )
    max_recipients = forms.IntegerField(
        label=gettext_lazy("Most people at once"),
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text=gettext_lazy("An event of it that names more people waits until somebody confirms it."),
    )

    def __init__(self, *given: Any, desk: Desk, kind: DeclaredType | None, **more: Any) -> None:
        super().__init__(*given, **more)
        self.prefix_of_keys = declared.prefix_of(desk.organization.pk)
        fields: dict[str, Any] = self.fields
        fields["channels"].choices = [(slug, one.label) for slug, one in registry.channels().items()]
        if kind is not None:
            del self.fields["key"]
            return
        example = f"{self.prefix_of_keys}order-paid"
        fields["key"].help_text = _(
            "By which programs and rules call it, such as %(example)s. It stays as it is. "
            "Left empty, it is made of the name."
        ) % {"example": example}

    def clean_key(self) -> str:
        made = slugify(self.cleaned_data.get("label", ""))[: types.MAX_KEY - len(self.prefix_of_keys)]
        given: str = self.cleaned_data["key"]
        return given or self.prefix_of_keys + made.strip("-")


@strict
@for_desk("admin")
@require_safe
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every kind of event that may happen here, the organization's own first."""
    known = declared.types_of([desk.organization.pk])
    rows = [_row(kind) for kind in sorted(known.values(), key=lambda kind: str(kind.label).casefold())]
    context = {
        "own": [row for row in rows if row.source == "here"],
        "others": [row for row in rows if row.source != "here"],
    }
    return show(request, desk, "tocsin/desk/types.html", TAB | context)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def make(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A type of the organization's own."""
    return _edit(request, desk, None)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def change(request: HttpRequest, desk: Desk, key: str) -> HttpResponse:
    """Other wishes about a type; its key stays."""
    return _edit(request, desk, _own(desk, key))


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def delete(request: HttpRequest, desk: Desk, key: str) -> HttpResponse:
    """A type goes, after it was said which rules name it."""
    kind = _own(desk, key)
    if request.method == "POST":
        declared.delete(kind, desk.by)
        say(request, _("“%(name)s” is deleted.") % {"name": kind.label})
        return redirect("tocsin:desk-types", desk.organization.slug)
    context = {"kind": kind, "rules": rules_naming_type(desk.organization.pk, kind.key)}
    return show(request, desk, "tocsin/desk/type_delete.html", TAB | context)


def _edit(request: HttpRequest, desk: Desk, kind: DeclaredType | None) -> HttpResponse:
    form = TypeForm(
        request.POST if request.method == "POST" else None,
        desk=desk,
        kind=kind,
        initial=declared.as_json(kind) if kind else None,
    )
    if form.is_valid():
        given, known = form.cleaned_data, registry.channels()
        if attempt(
            form, None, lambda: declared.save(desk.organization.pk, given, desk.by, kind, channels=known)
        ):
            say(request, _("“%(name)s” is kept.") % {"name": given["label"]})
            return redirect("tocsin:desk-types", desk.organization.slug)
    context = TAB | {"form": form, "kind": kind}
    return show(request, desk, "tocsin/desk/type.html", context, status=422 if form.errors else 200)


def _own(desk: Desk, key: str) -> DeclaredType:
    """The organization's own type; another's is missing, like one that never was."""
    found: DeclaredType | None = DeclaredType.objects.filter(organization=desk.organization, key=key).first()
    if found is None:
        raise Http404("There is no such event type.")
    return found


def _row(kind: EventType) -> Row:
    names = [str(channel_name(slug)) for slug in kind.channels]
    declared_in = "settings" if kind.key in conf.get("EVENT_TYPES") else "software"
    return Row(kind, names, declared_in if kind.key in types.types() else "here")
