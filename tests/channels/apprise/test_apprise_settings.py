"""The form: what it takes, what it refuses and with which words, and what it keeps to itself."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.channels.apprise.samples import VALUES
from tocsin.channels.apprise import AppriseChannel
from tocsin.channels.apprise.allowed import ALLOWED
from tocsin.channels.forms import clean_settings, json_schema
from tocsin.errors import InvalidInput

DISCORD = {"webhook_id": "4170000000", "webhook_token": "wT_0123-secret"}


def clean(given, **options):
    return clean_settings(AppriseChannel.form, given, **options)


def refused(given, **options):
    with pytest.raises(InvalidInput) as caught:
        clean(given, **options)
    [error] = caught.value.errors
    return error.field, error.message


@pytest.mark.parametrize("service", ALLOWED)
def test_each_service_takes_its_values(service):
    made = clean({"service": service, "values": VALUES[service]})
    assert made.open == {"service": service}
    assert made.secret == {"values": VALUES[service]}
    assert made.identity.startswith("sha256:")
    assert not made.made


def test_the_same_values_in_another_order_are_the_same_address():
    turned = dict(reversed(DISCORD.items()))
    one, two = (clean({"service": "discord", "values": values}) for values in (DISCORD, turned))
    assert one.identity == two.identity
    other = clean({"service": "discord", "values": DISCORD | {"webhook_id": "4170000001"}})
    assert other.identity != one.identity


def test_values_may_come_as_the_text_that_a_page_sends():
    made = clean({"service": "discord", "values": json.dumps(DISCORD)})
    assert made.secret["values"] == DISCORD


def test_a_number_is_taken_as_text():
    made = clean({"service": "discord", "values": DISCORD | {"webhook_id": 4170000000}})
    assert made.identity == clean({"service": "discord", "values": DISCORD}).identity


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            DISCORD | {"webhook_tokn": "x"},
            "'webhook_tokn' is no value of Discord. Did you mean 'webhook_token'?",
        ),
        ({"webhook_id": "4170000000"}, "webhook_token is missing."),
        (DISCORD | {"webhook_id": ""}, "webhook_id is missing."),
        (DISCORD | {"webhook_id": None}, "webhook_id is missing."),
        (DISCORD | {"webhook_id": ["1"]}, "webhook_id must be text."),
        (DISCORD | {"webhook_id": {"a": 1}}, "webhook_id must be text."),
        (DISCORD | {"webhook_id": True}, "webhook_id must be text."),
        (DISCORD | {"webhook_id": "1" * 1001}, "webhook_id is too long."),
        (DISCORD | {"webhook_id": "1\r\n"}, "webhook_id has a control character"),
        (DISCORD | {"webhook_id": "1/2"}, "webhook_id has one of the characters"),
        (DISCORD | {"webhook_id": "\uff11"}, "webhook_id has a character outside ASCII."),
        (DISCORD | {"host": "evil.example"}, "'host' is no value of Discord."),
        (DISCORD | {"avatar_url": "http://evil.example"}, "'avatar_url' is no value of Discord."),
        (DISCORD | {"template": "/etc/passwd"}, "'template' is no value of Discord."),
        (DISCORD | {"schema": "json"}, "'schema' is no value of Discord."),
        ({}, "webhook_id is missing. webhook_token is missing."),
        (None, "webhook_id is missing. webhook_token is missing."),
        ([1], "Send the values as an object"),
        ("text", "Enter a valid JSON."),
        (7, "Send the values as an object"),
    ],
)
def test_what_is_wrong_with_the_values_is_named(values, told):
    field, message = refused({"service": "discord", "values": values})
    assert field == "settings.values"
    assert told in message


@pytest.mark.parametrize(
    ("service", "changed", "told"),
    [
        ("tgram", {"bot_token": "nonsense"}, "bot_token is not of the form"),
        ("tgram", {"targets": "-1,-2"}, "targets must be one address"),
        ("tgram", {"targets": "a b"}, "targets must be one address"),
        ("twilio", {"targets": "ana"}, "targets is not of the form"),
        ("twilio", {"targets": "123"}, "Check each of them"),
        ("sendgrid", {"from_email": "nobody"}, "from_email must be an e-mail address"),
        ("sendgrid", {"targets": "a@b.example,c@d.example"}, "targets must be one address"),
        ("sendgrid", {"targets": "nobody"}, "targets is not of the form"),
        ("ntfy", {"topic": "a/b"}, "topic must be one address"),
        ("ntfy", {"topic": "a.b"}, "topic is not of the form"),
        ("prowl", {"apikey": "short"}, "apikey is not of the form"),
    ],
)
def test_what_the_metadata_says_is_honoured(service, changed, told):
    field, message = refused({"service": service, "values": VALUES[service] | changed})
    assert field == "settings.values"
    assert told in message
    assert not any(value in message for value in changed.values())


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({}, "settings.service", "Choose a service."),
        ({"values": DISCORD}, "settings.service", "Choose a service."),
        ({"service": "slack", "values": {}}, "settings.service", "none of them"),
        ({"service": ["discord"], "values": DISCORD}, "settings.service", "none of them"),
        (
            {"service": "discord", "values": DISCORD, "url": "json://a.example/"},
            "settings.url",
            "Only the operator",
        ),
        ({"url": "discord://1/2"}, "settings.url", "Only the operator"),
        ({"url": " "}, "settings.url", "Only the operator"),
        (
            {"service": "discord", "values": DISCORD, "attach": "/etc/passwd"},
            "settings.attach",
            "is no setting",
        ),
    ],
)
def test_everyone_chooses_a_service(given, field, told):
    found, message = refused(given)
    assert found == field
    assert told in message


@pytest.mark.parametrize(
    "url",
    ["nonsense", "nosuch://a/b", "file:///etc/passwd", "://", "json://", " json://a.example/", "json://a.example/ b",
     "json://a.example/\r\nX: y", "json://a.example/,json://b.example/ ", "discord://1", "x" * 3000],
)  # fmt: skip
def test_the_operators_url_must_be_one_that_apprise_can_use(url):
    field, message = refused({"url": url}, by_operator=True)
    assert field == "settings.url"
    assert url.strip() not in message


def test_the_operator_gives_a_service_or_a_url():
    both = {"service": "discord", "values": DISCORD, "url": "json://a.example/"}
    assert refused(both, by_operator=True)[0] == "settings.url"
    made = clean({"url": "json://ana:secret@a.example/t0ken"}, by_operator=True)
    assert made.secret == {"url": "json://ana:secret@a.example/t0ken"}
    assert not made.open.get("service")
    assert clean({"service": "discord", "values": DISCORD}, by_operator=True).open == {"service": "discord"}


def test_what_a_destination_is_called_shows_no_secret():
    channel = AppriseChannel()
    assert channel.target_label({"service": "discord", "values": DISCORD}) == "Discord"
    assert channel.target_label({"url": "slack://TokenA/TokenB/TokenC"}) == "slack://"


def test_the_schema_is_made_of_the_list():
    schema = json_schema(AppriseChannel.form)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {*schema["properties"]["service"]["enum"]} >= {*ALLOWED}
    assert schema["properties"]["values"]["writeOnly"]
    jsonschema.validate({"service": "discord", "values": DISCORD}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"service": "json", "values": {}}, schema)
