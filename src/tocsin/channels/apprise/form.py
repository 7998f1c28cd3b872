"""The settings of channel `apprise`. The plugin is made once while they are cleaned, which sends nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin.channels.apprise.allowed import ALLOWED
from tocsin.channels.apprise.values import cleaned
from tocsin.channels.base import SettingsForm


class AppriseForm(SettingsForm):
    """A service and its values; or, from the operator alone, a whole Apprise URL."""

    identity_fields = ("service", "values", "url")
    secret_fields = ("values", "url")

    service = forms.ChoiceField(
        label=_("Service"),
        choices=[("", "")] + [(schema, service.name) for schema, service in ALLOWED.items()],
        required=False,
        error_messages={
            "invalid_choice": _("Everyone may use the services in the documentation; this is none of them.")
        },
    )
    values = forms.JSONField(
        label=_("Values"),
        required=False,
        help_text=_("What the service asks for, as {name: value}; its names are in the documentation."),
    )
    url = forms.CharField(
        label=_("Apprise URL"),
        max_length=2048,
        required=False,
        strip=False,
        help_text=_("From the operator only, in place of a service: it may name any host."),
    )

    def clean_url(self) -> str:
        from tocsin.channels.apprise.plugins import UnusableError, plugin_of_url

        url: str = self.cleaned_data["url"]
        if not url:
            return url
        if not self.by_operator:
            raise ValidationError(_("Only the operator may give an Apprise URL. Choose a service instead."))
        if not url.isprintable() or " " in url:
            raise ValidationError(_("Give one URL, without spaces and control characters."))
        try:
            plugin_of_url(url)
        except UnusableError:
            raise ValidationError(
                _("Apprise cannot use this URL. Check it with its documentation.")
            ) from None
        return url

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if self.errors:
            return data
        service, values, url = data["service"], data["values"], data["url"]
        if url and (service or values):
            self.add_error("url", _("Give a service with its values or a URL, not both."))
        elif not url and not service:
            self.add_error("service", _("Choose a service."))
        elif service:
            self._clean_values(service, {} if values is None else values)
        return data

    def _clean_values(self, service: str, values: object) -> None:
        from tocsin.channels.apprise.plugins import UnusableError, plugin_class, plugin_of

        if not isinstance(values, dict):
            self.add_error("values", _("Send the values as an object, {name: value}."))
            return
        try:
            found = cleaned(values, ALLOWED[service], plugin_class(service))
            plugin_of(service, found)
        except ValidationError as error:
            self.add_error("values", error)
        except UnusableError:
            self.add_error(
                "values", _("The service's plugin does not take these values. Check each of them.")
            )
        else:
            self.cleaned_data["values"] = found
