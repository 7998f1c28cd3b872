"""Text messages through a provider that speaks Twilio's Messages API."""

from __future__ import annotations

import json
import logging
from urllib.parse import parse_qs

import pytest

from tests.channels.sms.texts import NUMBER, deliver, text_to, texts
from tests.servers.http_sink import Reply
from tests.servers.sms_provider import PASSWORD, SmsProvider, error
from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Rejected, Retry, Sent
from tocsin.channels.sms import SmsChannel, provider


@pytest.fixture(autouse=True)
def _nobody_rests():
    http.forget_rests()


@pytest.fixture
def reach(settings):
    """Let the project send through this provider."""

    def use(server, **changes):
        settings.TOCSIN = {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "SMS_HTTP": server.settings | changes,
        }

    return use


def answered(reach, reply):
    """The outcome of one message to which the provider answers `reply`."""
    with SmsProvider(lambda number, text: reply) as server:
        reach(server)
        return SmsChannel().send(text_to())


def test_a_message_is_a_form_post_with_a_sid_for_its_id(reach):
    with SmsProvider() as server:
        reach(server)
        outcome = SmsChannel().send(text_to(body="Ω & ü = €", url=""))
    assert outcome == Sent("SM00000000000000000000000000000001")
    [seen] = server.sink.requests
    assert parse_qs(seen.body.decode("ascii")) == {
        "To": [NUMBER],
        "From": ["+15005550006"],
        "Body": ["Invoice 42 is paid\nΩ & ü = €\nhttps://shop.example/invoices/42"],
    }


def test_a_messaging_service_is_named_as_such(reach):
    with SmsProvider() as server:
        reach(server, **{"from": "MG" + "0a" * 16})
        assert type(SmsChannel().send(text_to())) is Sent
    assert b"MessagingServiceSid=MG0a" in server.sink.requests[0].body
    assert b"From=" not in server.sink.requests[0].body


def test_each_message_of_a_batch_has_its_own_outcome(reach):
    def script(number, text):
        replies = {
            0: None,
            1: error(400, 21211, "The 'To' number is not a valid phone number."),
            2: error(400, 21610, "Attempt to send to unsubscribed recipient"),
            3: error(500, 20500, "Internal Server Error"),
        }
        return replies[int(number[-1]) % 4]

    with SmsProvider(script) as server:
        reach(server)
        outcomes = deliver(texts(60))
    for number, outcome in outcomes.items():
        kind = int(number[-1]) % 4
        if kind == 0:
            assert type(outcome) is Sent
        elif kind == 3:
            assert (type(outcome), outcome.cause) in ((Retry, Cause.SERVER_ERROR), (Later, Cause.HOST_RESTS))
        else:
            assert (outcome.cause, outcome.disable_destination) == (Cause.REFUSED_RECIPIENT, True)
    taken = [number for number, _ in server.texts]
    assert sorted(taken) == sorted(number for number, outcome in outcomes.items() if type(outcome) is Sent)


@pytest.mark.parametrize("code", [21211, 21217, 21265, 21610, 21614, 21635])
def test_a_number_that_takes_no_message_is_struck_off(reach, code):
    outcome = answered(reach, error(400, code, "No."))
    assert (type(outcome), outcome.cause) == (Rejected, Cause.REFUSED_RECIPIENT)
    assert outcome.disable_destination
    assert f"answered 400: {code} No." in outcome.detail


@pytest.mark.parametrize(
    ("reply", "kind", "cause"),
    [
        (error(400, 21612, "No route."), Rejected, Cause.REFUSED_RECIPIENT),
        (error(400, 30005, "Unknown destination handset"), Rejected, Cause.REFUSED_RECIPIENT),
        (error(400, 30006, "Landline or unreachable carrier"), Rejected, Cause.REFUSED_RECIPIENT),
        (error(400, 30007, "Message filtered"), Rejected, Cause.REFUSED_CONTENT),
        (error(400, 21617, "Too long"), Rejected, Cause.TOO_LARGE),
        (error(400, 99999, "New"), Rejected, Cause.REFUSED_CONTENT),
        (error(400, 30003, "Unreachable handset"), Retry, Cause.REFUSED_RECIPIENT),
        (error(503, 20503, "Unavailable"), Retry, Cause.SERVER_ERROR),
        (error(400, 21611, "Queue full"), Retry, Cause.THROTTLED),
        (Reply(502, b"<html>Bad gateway</html>"), Retry, Cause.SERVER_ERROR),
        (Reply(201, b'{"sid": "SM1", "error_code": 30008}'), Retry, Cause.REFUSED_RECIPIENT),
    ],
)
def test_other_answers_disable_nothing(reach, reply, kind, cause):
    outcome = answered(reach, reply)
    assert (type(outcome), outcome.cause) == (kind, cause)
    assert not getattr(outcome, "disable_destination", False)


@pytest.mark.parametrize(
    "reply",
    [
        *(error(400, code, "Account") for code in (20005, 21212, 21408, 21606, 21608, 21659, 30002, 30034)),
        error(403, 20006, "Access denied"),
        error(404, 20404, "Not found"),
        Reply(401, b""),
        Reply(403, b"Forbidden"),
        Reply(404, b"<html>"),
        Reply(410, b""),
        Reply(301, b"", {"location": "https://elsewhere.example/"}),
    ],
)
def test_what_is_wrong_with_the_account_is_tried_again_and_disables_nothing(reach, reply):
    outcome = answered(reach, reply)
    assert type(outcome) is Retry
    assert outcome.cause in (Cause.NOT_AUTHORISED, Cause.BAD_SETTINGS)


def test_a_wrong_password_is_the_operators_and_is_shown_nowhere(reach, caplog):
    caplog.set_level(logging.DEBUG)
    with SmsProvider() as server:
        reach(server, password="canary-wrong-token")
        outcomes = deliver(texts(3))
    assert {(type(o), o.cause) for o in outcomes.values()} == {(Retry, Cause.NOT_AUTHORISED)}
    assert "canary" not in repr(outcomes) + caplog.text
    assert not server.texts


def test_what_the_provider_echoes_of_the_credentials_is_struck_out(reach):
    for echoed in (PASSWORD, provider.Account("", "AC" + "0" * 31 + "7", PASSWORD, "").credentials):
        outcome = answered(reach, error(400, 21606, f"got {echoed} for From"))
        assert echoed not in repr(outcome)
        assert "for From" in outcome.detail


def test_no_repr_and_no_list_shows_the_password(reach):
    with SmsProvider() as server:
        reach(server)
    account = provider.account()
    assert PASSWORD not in repr(account) + repr(provider.request_of(text_to(), account))
    assert PASSWORD in SmsChannel().secrets_of(text_to())


def test_throttling_is_asked_for_the_account_and_for_so_long(reach):
    outcome = answered(reach, error(429, 20429, "Too many requests", retry_after="7"))
    assert (type(outcome), outcome.cause, outcome.after) == (Retry, Cause.THROTTLED, 7)
    with SmsProvider() as server:
        reach(server)
        request = provider.request_of(text_to(), provider.account())
    assert request.limit_key == server.settings["user"]


@pytest.mark.parametrize("body", [b"", b"OK", b"[]", b"{}", b"\xff", json.dumps({"sid": None}).encode()])
def test_a_yes_without_a_sid_is_no_yes(reach, body):
    outcome = answered(reach, Reply(200, body))
    assert (type(outcome), outcome.cause) == (Retry, Cause.BAD_SETTINGS)
    assert "TOCSIN['SMS_HTTP']['url']" in outcome.detail


def test_a_destination_without_a_number_fails_alone(reach):
    with SmsProvider() as server:
        reach(server)
        done = deliver([text_to(""), text_to()])
    assert (type(done[""]), done[""].cause) == (Rejected, Cause.BAD_SETTINGS)
    assert type(done[NUMBER]) is Sent


@pytest.mark.parametrize(
    ("tocsin", "told"),
    [
        ({}, "TOCSIN['SMS_HTTP'] or TOCSIN['SMS_GATEWAY_ADDRESS']"),
        ({"SMS_GATEWAY_ADDRESS": "sms@"}, "TOCSIN['SMS_GATEWAY_ADDRESS'] is no address"),
        ({"SMS_GATEWAY_ADDRESS": "sms@example.com", "FROM_EMAIL": "nobody"}, "FROM_EMAIL"),
        (
            {"SMS_HTTP": {"url": "ftp://x.example/", "user": "u", "password": "canary-p", "from": "+1"}},
            "TOCSIN['SMS_HTTP']['url']",
        ),
        ({"SMS_GATEWAY_ADDRESS": "sms@example.com"}, ""),
        (
            {"SMS_HTTP": {"url": "https://x.example/", "user": "u", "password": "canary-p", "from": "+1"}},
            "",
        ),
    ],
)
def test_what_the_operator_has_yet_to_set_is_told(settings, tocsin, told):
    settings.TOCSIN = tocsin
    said = SmsChannel().not_ready()
    assert told in said
    assert bool(said) is bool(told)
    assert "canary" not in said


def test_without_any_way_out_it_is_tried_again_later(settings):
    settings.TOCSIN = {}
    assert SmsChannel().send(text_to()) == Retry(Cause.BAD_SETTINGS, SmsChannel().not_ready())
    assert {type(outcome) for outcome in deliver(texts(2)).values()} == {Retry}
