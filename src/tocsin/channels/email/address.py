"""The settings of an e-mail destination: one address, in the one spelling by which two are compared."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.channels.forms import SettingsForm
from tocsin.channels.mail import MAX_LENGTH, ascii_address


class AddressField(forms.EmailField):
    """An e-mail address, cleaned to the one spelling by which two destinations are compared."""

    def to_python(self, value: object) -> str:
        text = str(super().to_python(value)).strip()
        return ascii_address(text).lower() if text else ""


class EmailForm(SettingsForm):
    """Settings of an e-mail destination."""

    identity_fields = ("email_address",)
    email_address = AddressField(label=_("E-mail address"), max_length=MAX_LENGTH)
