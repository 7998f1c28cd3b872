"""The settings of an SMS destination: one phone number that exists, as E.164."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin.channels.extras import need
from tocsin.channels.forms import SettingsForm

if TYPE_CHECKING:
    from tocsin.channels.base import Message

need("phonenumbers")

MAX_LENGTH = 40
_NO_MESSAGES = ("PREMIUM_RATE", "SHARED_COST", "TOLL_FREE", "UAN", "VOICEMAIL")
"""Numbers that take no text messages, or that somebody earns by."""
_NO_NUMBER = _("This is no phone number. Write it as +47 912 34 567.")
_WRITTEN = re.compile(r"(?:tel:)?[+\uff0b]?[\w \u00a0().\-\u2010-\u2015/]+")
"""The library would find a number in the midst of any text."""
_E164 = re.compile(r"\+[1-9][0-9]{3,14}")
UNUSABLE = "The destination has no usable phone number. Save it again."


class NumberField(forms.CharField):
    """A phone number, cleaned to E.164: `+4791234567`."""

    def clean(self, value: object) -> str:
        return e164(super().clean(value))


class SmsForm(SettingsForm):
    """Settings of an SMS destination."""

    identity_fields = ("phone_number",)
    phone_number = NumberField(
        label=_("Phone number"),
        max_length=MAX_LENGTH,
        help_text=_("With the country code: +47 912 34 567."),
    )


def e164(text: str) -> str:
    """`text` as E.164. Raises `ValidationError`, with the remedy, if it is no number that can get a message."""
    import phonenumbers

    if not _WRITTEN.fullmatch(text):
        raise ValidationError(_NO_NUMBER)
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        if error.error_type == error.INVALID_COUNTRY_CODE and "+" not in text:
            raise ValidationError(
                _(
                    "This number has no country code. Begin with + and the code of the country: +47 912 34 567."
                )
            ) from None
        raise ValidationError(_NO_NUMBER) from None
    if number.extension:
        raise ValidationError(_("A number with an extension gets no text messages. Give a mobile number."))
    if not phonenumbers.is_valid_number(number):
        raise ValidationError(
            _("There is no such number in the country %(code)s. Check its digits."),
            params={"code": f"+{number.country_code}"},
        )
    if phonenumbers.PhoneNumberType.to_string(phonenumbers.number_type(number)) in _NO_MESSAGES:
        raise ValidationError(_("Numbers of this kind get no text messages. Give a mobile number."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def number_of(message: Message) -> str:
    """The number of the message's destination; empty where what is stored is none."""
    number = str(message.target.settings.get("phone_number", ""))
    return number if _E164.fullmatch(number) else ""
