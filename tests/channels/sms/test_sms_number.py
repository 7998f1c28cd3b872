"""Phone numbers: one spelling, which is the identity, and a remedy for what is no number."""

from __future__ import annotations

import pytest

from tocsin.channels.forms import clean_settings, json_schema
from tocsin.channels.sms import SmsChannel
from tocsin.channels.sms.number import SmsForm
from tocsin.errors import InvalidInput


@pytest.mark.parametrize(
    "given",
    ["+4791234567", " +47 912 34 567 ", "tel:+47-912-34-567", "+47\u00a0912.34.567", "\uff0b4791234567"],
)
def test_a_number_has_one_spelling_which_is_its_identity(given):
    settings = clean_settings(SmsForm, SmsChannel().address_settings(given))
    assert settings.open == {"phone_number": "+4791234567"}
    assert settings.identity == "+4791234567"
    assert SmsChannel().target_label(settings.open) == "+4791234567"


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("91234567", "Begin with \\+"),
        ("004791234567", "Begin with \\+"),
        ("+999 1234567", "Write it as \\+47"),
        ("+345656787643", "no such number in the country \\+34"),
        ("+4712", "no such number"),
        ("call me", "Write it as"),
        ("+", "Write it as"),
        ("call +4791234567", "Write it as"),
        ("+4791234567, +4791234568", "Write it as"),
        ("+47912\r\n34567", "Write it as"),
        ("+4791234567\x00", "Null characters"),
        ("+49 151 23456789 ext 5", "extension"),
        ("+44 909 879 0000", "mobile number"),
        ("+1 800 555 0100", "mobile number"),
        ("+47912345671234567890123456789012345678901234567890", "at most 40"),
        ("", "required"),
        (None, "required"),
        (4791234567, "Begin with \\+"),
        (["+4791234567"], "Write it as"),
    ],
)
def test_what_is_no_number_is_refused_with_its_field_and_a_remedy(given, remedy):
    with pytest.raises(InvalidInput, match=remedy) as caught:
        clean_settings(SmsForm, {"phone_number": given})
    assert [error.field for error in caught.value.errors] == ["settings.phone_number"]


def test_the_schema_names_the_one_field():
    schema = json_schema(SmsForm)
    assert list(schema["properties"]) == schema["required"] == ["phone_number"]
