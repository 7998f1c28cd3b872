"""E-mail addresses: one spelling, an identity, and a remedy for those that cannot be mailed to."""

from __future__ import annotations

import pytest

from tocsin.channels.email import EmailChannel
from tocsin.channels.email.address import EmailForm
from tocsin.channels.forms import clean_settings, json_schema
from tocsin.channels.mail.address import parse_sender
from tocsin.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("ana@example.org", "ana@example.org"),
        ("  Ana.Example+Shop@EXAMPLE.org ", "ana.example+shop@example.org"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        ("o'neil_x@example.co.uk", "o'neil_x@example.co.uk"),
    ],
)
def test_an_address_has_one_spelling_which_is_its_identity(given, cleaned):
    settings = clean_settings(EmailForm, EmailChannel().address_settings(given))
    assert settings.open == {"email_address": cleaned}
    assert settings.identity == cleaned
    assert not settings.secret


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ana",
        "ana@",
        "@example.org",
        "ana@@example.org",
        "ana example@example.org",
        "ana@exa mple.org",
        "ana@example.org\r\nBcc: e@e.org",
        "ana@example.org\n",
        "ana\x00@example.org",
        "<ana@example.org>",
        "Ana <ana@example.org>",
        "ana@example.org, eva@example.org",
        '"ana eva"@example.org',
        "ana@[127.0.0.1]",
        "ana@.example.org",
        ".ana@example.org",
        "a..b@example.org",
        "x" * 65 + "@" + "y" * 250 + ".org",
        7,
        None,
        ["a@b.org"],
    ],
)
def test_what_is_no_address_is_refused_with_its_field(given):
    if isinstance(given, str) and given.endswith("\n"):
        assert clean_settings(EmailForm, {"email_address": given}).identity == given.strip()
        return
    with pytest.raises(InvalidInput) as caught:
        clean_settings(EmailForm, {"email_address": given})
    assert [error.field for error in caught.value.errors] == ["settings.email_address"]


def test_a_local_part_beyond_ascii_is_refused_with_a_remedy():
    with pytest.raises(InvalidInput, match="plain letters"):
        clean_settings(EmailForm, {"email_address": "\u0430na@example.org"})


def test_the_schema_names_the_format():
    schema = json_schema(EmailForm)
    assert schema["properties"]["email_address"]["format"] == "email"
    assert schema["required"] == ["email_address"]


@pytest.mark.parametrize(
    ("given", "header", "address"),
    [
        ("webmaster@localhost", "webmaster@localhost", "webmaster@localhost"),
        ("Tocsin <t@example.org>", "Tocsin <t@example.org>", "t@example.org"),
        ('"A, B" <t@bücher.example>', '"A, B" <t@xn--bcher-kva.example>', "t@xn--bcher-kva.example"),
    ],
)
def test_the_sender_is_read_from_the_settings(given, header, address):
    assert parse_sender(given)[:2] == (header, address)


@pytest.mark.parametrize(
    "given", ["", "nobody", "A <a@b.org>\r\nBcc: e@e.org", "A, B <a@b.org>", "é@example.org"]
)
def test_a_sender_that_is_none_is_an_error_that_repeats_it(given):
    with pytest.raises(ValueError, match=r"sender|plain letters"):
        parse_sender(given)
