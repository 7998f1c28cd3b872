"""The settings of a PagerDuty destination: the key of an integration, and what its alerts say of themselves."""

from __future__ import annotations

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin.channels.base import SettingsForm

KEY_CHARACTERS = 32
LONGEST = 255
_KEY = re.compile(r"[A-Za-z0-9]{32}", re.ASCII)
_NO_KEY = _(
    "is no integration key, which has 32 letters and digits. "
    "Copy it from an integration of the type Events API v2; keys of the REST API are others."
)


class PagerdutyForm(SettingsForm):
    """The key alone says where alerts go; it lets anyone who has it open some, so it is a secret."""

    identity_fields = ("routing_key",)
    secret_fields = ("routing_key",)

    routing_key = forms.CharField(
        label=_("Integration key"),
        max_length=KEY_CHARACTERS,
        error_messages={"max_length": _NO_KEY},
        help_text=_("32 letters and digits, of a service's integration of the type Events API v2."),
    )
    region = forms.ChoiceField(
        label=_("Region"),
        choices=[("us", "US"), ("eu", "EU")],
        required=False,
        help_text=_("eu where your PagerDuty is at ….eu.pagerduty.com; us when left empty."),
    )
    source = forms.CharField(
        label=_("Source"),
        max_length=LONGEST,
        required=False,
        help_text=_(
            "The affected system, such as shop.example.org; what the event is about when left empty."
        ),
    )
    component = forms.CharField(
        label=_("Component"),
        max_length=LONGEST,
        required=False,
        help_text=_("The part of the system that alerts are about, such as postgres."),
    )
    group = forms.CharField(
        label=_("Group"),
        max_length=LONGEST,
        required=False,
        help_text=_("What sources belong together, such as prod; the event's project when left empty."),
    )

    def clean_routing_key(self) -> str:
        key: str = self.cleaned_data["routing_key"]
        if not _KEY.fullmatch(key):
            raise ValidationError(_NO_KEY)
        return key
