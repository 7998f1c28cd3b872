"""The settings of an e-mail destination: one address, in the one spelling by which two are compared."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin.channels.forms import SettingsForm
from tocsin.channels.mail import MAX_LENGTH, ascii_address, parse_sender


class AddressField(forms.EmailField):
    """An e-mail address, cleaned to the one spelling by which two destinations are compared."""

    def to_python(self, value: object) -> str:
        text = str(super().to_python(value)).strip()
        return ascii_address(text).lower() if text else ""


class EmailForm(SettingsForm):
    """Settings of an e-mail destination."""

    identity_fields = ("email_address",)
    operator_fields = ("from_email",)
    email_address = AddressField(label=_("E-mail address"), max_length=MAX_LENGTH)
    from_email = forms.CharField(required=False, max_length=MAX_LENGTH)

    def clean_from_email(self) -> str:
        value: str = self.cleaned_data["from_email"]
        if value:
            try:
                parse_sender(value)
            except ValueError as error:
                raise ValidationError(str(error)) from None
        return value
