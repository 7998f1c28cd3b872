"""What people wish for, in Django's admin: their hours, and what they want to hear of. Saved by the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from tocsin import pipeline
from tocsin.channels import registry
from tocsin.events.declared import DeclaredType
from tocsin.recipients import preferences
from tocsin.recipients.models import Person, Preference
from tocsin.web.admin.filters import ByChannel, Owned
from tocsin.web.admin.form import DomainForm, DomainPage
from tocsin.web.admin.frame import by, user_name_field

if TYPE_CHECKING:
    from django.http import HttpRequest

WISHES = ("time_zone", "dnd_until", "windows", "locale")


class PersonForm(DomainForm):
    """Of how a person wants to be told. What was not touched is not given: a rest that is over is no error."""

    def keep(self, by: str) -> Person:
        user = self.cleaned_data["user"] if self.is_new else self.instance.user
        given = {name: self.cleaned_data[name] for name in WISHES if name in self.changed_data}
        pipeline.change_hours(user.pk, given)
        return Person.objects.get(user=user.pk)


class PersonAdmin(DomainPage):
    """What is remembered of people, where there is something. Nothing is deleted: what is emptied is forgotten."""

    form = PersonForm
    fields = ("user", *WISHES)
    list_display = ("user", "time_zone", "locale", "dnd_until", "has_hours")
    list_select_related = ("user",)
    raw_id_fields = ("user",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("time_zone", user_name_field())

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> tuple[str, ...]:
        return ("user",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        return not self.is_here(request) and super().has_delete_permission(request, obj)

    @admin.display(description=_("hours"), boolean=True)
    def has_hours(self, person: Person) -> bool:
        return bool(person.windows)


def _channels() -> list[tuple[str, str]]:
    return [(slug, str(channel.label)) for slug, channel in registry.channels().items()]


class PreferenceForm(DomainForm):
    """Of one wish. What it is about is chosen once; its answer may be changed."""

    names = {"changes.0.subject": "event_type", "changes.0.channel": "channel", "changes.0.wanted": "wanted"}
    event_type = forms.CharField(
        label=_("event type"),
        max_length=110,
        widget=AdminTextInputWidget,
        help_text=_("Its key, such as “invoice:paid”, or “category:billing” for all of a category."),
    )
    channel = forms.ChoiceField(label=_("channel"), choices=_channels)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_new and not self.errors and bool(given["user"]) == bool(given["organization"]):
            self.add_error("user", _t("Choose one owner: a user or an organization."))
        return given

    def keep(self, by: str) -> Preference:
        row, given = self.instance, self.cleaned_data
        of = {"user": row.user_id, "organization": row.organization_id}
        change = {"subject": row.event_type, "channel": row.channel, "wanted": given["wanted"]}
        declared = DeclaredType.objects.filter(key=row.event_type).values_list("organization", flat=True)
        known_to = row.organization_id or declared.first()
        preferences.save(preferences.parse_changes([change], organization=known_to), by, **of)
        return Preference.objects.get(**of, event_type=row.event_type, channel=row.channel)


class PreferenceAdmin(DomainPage):
    """What people, and organizations for their people, want to hear of, by which channel."""

    form = PreferenceForm
    fields = ("user", "organization", "event_type", "channel", "wanted")
    list_display = ("owner", "event_type", "channel", "wanted", "updated_at")
    list_filter = (Owned, ByChannel, "wanted")
    list_select_related = ("user", "organization")
    raw_id_fields = ("user",)
    autocomplete_fields = ("organization",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("event_type", "organization__slug", user_name_field())

    def get_readonly_fields(self, request: HttpRequest, obj: Preference | None = None) -> tuple[str, ...]:
        return ("user", "organization", "event_type", "channel", "updated_at") if obj else ()

    @admin.display(description=_("owner"))
    def owner(self, preference: Preference) -> str:
        return str(preference.organization or preference.user)

    def delete_model(self, request: HttpRequest, obj: Preference) -> None:
        gone = preferences.Change(obj.event_type, obj.channel, None)
        preferences.save([gone], by(request), user=obj.user_id, organization=obj.organization_id)
