"""Plugins as others have written them for Argus: by old signatures and new ones, with one fault or another."""

from __future__ import annotations

import threading

from argus.notificationprofile.media.base import AppriseMedium, NotificationMedium
from argus.notificationprofile.media.email import EmailNotification, modelinstance_to_dict
from django import forms
from django.core.exceptions import ValidationError

sent: list[tuple] = []
released = threading.Event()


class DrfError(Exception):
    """Looks like the ValidationError of Django REST framework."""

    def __init__(self, detail):
        self.detail = detail


class Pager(NotificationMedium):
    """As the guide has it: old signatures, `send` a static method that filters a queryset."""

    MEDIA_SLUG = "pager"
    MEDIA_NAME = "Pager"
    MEDIA_JSON_SCHEMA = {
        "title": "Pager Settings",
        "type": "object",
        "required": ["number"],
        "properties": {"number": {"type": "string", "title": "Number"}},
    }

    class Form(forms.Form):
        number = forms.IntegerField()

    @classmethod
    def validate(cls, instance, pager_dict, user):
        form = cls.Form(pager_dict["settings"])
        if not form.is_valid():
            raise DrfError(form.errors)
        if form.cleaned_data["number"] == 13:
            raise DrfError({"number": ["brings bad luck"]})
        if form.cleaned_data["number"] == 14:
            raise ValidationError("no fourteens")
        if form.cleaned_data["number"] == 15:
            raise KeyError("a mistake in the plugin")
        assert instance.context["request"].user is user
        if user.destinations.filter(media_id="pager", settings__number=form.cleaned_data["number"]).exists():
            raise DrfError({"number": ["exists already"]})
        return form.cleaned_data

    @classmethod
    def has_duplicate(cls, queryset, settings):
        return queryset.filter(settings__number=settings["number"]).exists()

    @staticmethod
    def get_label(destination):
        return f"Pager {destination.settings.get('number')}"

    @staticmethod
    def send(event, destinations, **_):
        mine = destinations.filter(media__slug=Pager.MEDIA_SLUG)
        if not mine:
            return False
        for destination in mine:
            number = destination.settings["number"]
            if number == 1:
                return False
            if number == 2:
                raise ConnectionError("away")
            if number == 3:
                released.wait(30)
            sent.append((number, str(event), event.type, event.incident.level, destination.media_id,
                         destination.pk, destination.label, modelinstance_to_dict(event.incident)))  # fmt: skip
        return True

    @classmethod
    def raise_if_not_deletable(cls, destination):
        if destination.settings["number"] == 7:
            raise cls.NotDeletableError("Seven stays.")

    @staticmethod
    def update(destination, validated_data):
        if validated_data["settings"].get("number") == 99:
            destination.settings = {"number": 100}
            return destination
        return None


class Chat(NotificationMedium):
    """New signatures: a settings key, a form, and `send` a class method that answers nothing."""

    MEDIA_SLUG = "chat"
    MEDIA_NAME = "Chat"
    MEDIA_SETTINGS_KEY = "webhook"

    class Form(forms.Form):
        webhook = forms.URLField(assume_scheme="https")

        def clean_webhook(self):
            return self.cleaned_data["webhook"].rstrip("/")

    @classmethod
    def send(cls, event, destinations, **kwargs):
        sent.extend(
            (address, event.actor.username, event.incident.pp_details_url())
            for address in cls.get_relevant_addresses(destinations)
        )


class SchemaOnly(NotificationMedium):
    """No form at all, and the two arguments of an old release."""

    MEDIA_SLUG = "schemaonly"
    MEDIA_NAME = "Schema only"
    MEDIA_JSON_SCHEMA = {
        "type": "object", "required": ["room"],
        "properties": {"room": {"type": "string"}, "loud": {"type": "boolean"}, "size": {"type": "integer"}},
    }  # fmt: skip

    @classmethod
    def validate(cls, instance, dict_):
        return dict_["settings"]

    @classmethod
    def send(cls, event, destinations, **kwargs):
        sent.extend(dict(one.settings) for one in destinations)
        return True


class Duck:
    """Derived from nothing of ours, as a plugin on the real base is."""

    MEDIA_SLUG = "duck"
    MEDIA_NAME = "Duck"
    MEDIA_JSON_SCHEMA = {"type": "object", "required": ["pond"], "properties": {"pond": {"type": "string"}}}

    def __init__(self, version="v3"):
        self.version = version

    def validate(self, instance, duck_dict, user):
        return {"pond": duck_dict["settings"]["pond"].lower()}

    def send(self, event, destinations, **kwargs):
        sent.extend((self.version, one.settings["pond"]) for one in destinations)
        return True


class Ours(AppriseMedium):
    """A medium of Apprise with a name of its own."""

    MEDIA_SLUG = "matrix"
    MEDIA_NAME = "Matrix"


class Polite(EmailNotification):
    """Mails by another name."""

    MEDIA_SLUG = "politemail"
    MEDIA_NAME = "Polite"


class Failing:
    """Fails whatever it is asked."""

    MEDIA_SLUG = "failing"
    MEDIA_NAME = "Failing"
    MEDIA_JSON_SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}

    @classmethod
    def has_duplicate(cls, queryset, settings):
        if settings.get("a") == "twin":
            raise KeyError("a mistake")
        return False

    @classmethod
    def raise_if_not_deletable(cls, destination):
        raise KeyError("a mistake")

    @classmethod
    def send(cls, event, destinations, **kwargs):
        return True


class Numbered(Failing):
    MEDIA_SLUG = ["no", "text"]


class Oddly(Failing):
    MEDIA_SLUG = "oddly"
    MEDIA_JSON_SCHEMA = "no schema"


class Nameless:
    """Not a plugin."""

    MEDIA_SLUG = "nameless"
