"""The method and the headers that the owner of a webhook chooses."""

from __future__ import annotations

import json

import pytest
from standardwebhooks import Webhook

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import HttpSink, Reply
from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Retry, Sent, Target
from tocsin.channels.forms import clean_settings, json_schema
from tocsin.channels.http.rests import OPENS_AFTER
from tocsin.channels.webhook import WebhookChannel
from tocsin.channels.webhook.headers import MOST_CHARACTERS, MOST_HEADERS
from tocsin.errors import InvalidInput
from tocsin.testing import make_message

channel = WebhookChannel()
URL = "https://hooks.example.com/T0/token"


@pytest.fixture(autouse=True)
def _loopback_allowed(settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    http.forget_rests()


def message(url, identity="sha256:x", **settings):
    cleaned = clean_settings(WebhookChannel.form, {"url": url, **settings})
    return make_message(target=Target(identity, "hook", cleaned.open | cleaned.secret))


def in_batch(made):
    [(_, outcome)] = channel.send_batch(ListFeed([made]))
    return outcome


@pytest.mark.parametrize("method", ["POST", "PUT", "", None])
def test_the_method_is_the_one_that_was_chosen(method):
    with HttpSink() as sink:
        assert channel.send(message(sink.url, method=method)) == Sent()
    assert sink.requests[0].method == (method or "POST")
    assert json.loads(sink.requests[0].body)


@pytest.mark.parametrize("method", ["GET", "DELETE", "CONNECT", "post", "PUT\r\nX: 1", 7])
def test_other_methods_are_refused(method):
    assert refused(method=method) == ["settings.method"]


def test_headers_are_sent_with_each_request_and_ours_remain_ours():
    given = {
        "Authorization": "Bearer t0ken~s3cret",
        "X-Route": 'a; b="c", d',
        "x.y_z!": "1",
        "User-Agent": "me",
    }
    with HttpSink() as sink:
        made = message(sink.url, headers=given)
        assert channel.send(made) == Sent()
    seen = sink.requests[0]
    for name, value in given.items():
        assert seen.headers[name.lower()] == value
    assert seen.headers["content-type"] == "application/json"
    assert seen.raw_head.lower().count(b"\r\nhost:") == 1
    Webhook(made.target.settings["secret"]).verify(seen.body, seen.headers)


def test_headers_may_come_as_json_text_as_a_page_sends_them():
    cleaned = clean_settings(WebhookChannel.form, {"url": URL, "headers": '{"X-Token": "t0ken-s3cret"}'})
    assert cleaned.secret["headers"] == {"X-Token": "t0ken-s3cret"}
    assert "t0ken-s3cret" not in repr(cleaned)
    assert "headers" not in cleaned.made


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_no_headers_are_no_setting(nothing):
    cleaned = clean_settings(WebhookChannel.form, {"url": URL, "headers": nothing})
    assert set(cleaned.secret) == {"url", "secret"}
    assert cleaned.open == {}


def refused(**given):
    """The fields that were refused; no value may be repeated."""
    with pytest.raises(InvalidInput) as caught:
        clean_settings(WebhookChannel.form, {"url": URL, **given})
    assert "s3cret" not in str(caught.value)
    return [error.field for error in caught.value.errors]


# fmt: off
BAD_HEADERS = [
    ["X: 1"], "X: 1", "[1]", '"x"', 7, True,
    {"": "1"}, {"X Y": "1"}, {"X:": "1"}, {"X\r\nY": "1"}, {"X\x00": "1"}, {"\u00c5": "1"}, {"X(": "1"},
    {"x" * 101: "1"},
    {"X": ""}, {"X": " s3cret"}, {"X": "s3cret "}, {"X": "s3cret\r\nX-Evil: 1"}, {"X": "s3cret\n"},
    {"X": "s3cret\x00"}, {"X": "s3cret\t1"}, {"X": "s3cret\x7f"}, {"X": "s3cret\u00e5"}, {"X": "s3cret\u2028"},
    {"X": "s3cret\ud800"},
    {"X": None}, {"X": 7}, {"X": ["s3cret"]}, {"X": {"a": "s3cret"}}, {"X": True},
    {"Host": "s3cret"}, {"host": "s3cret"}, {"Content-Length": "0"}, {"Transfer-Encoding": "chunked"},
    {"Connection": "close"}, {"TE": "x"}, {"Trailer": "x"}, {"Upgrade": "h2c"}, {"Expect": "100-continue"},
    {"Keep-Alive": "x"}, {"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}, {"Accept-Encoding": "gzip"},
    {"Proxy-Authorization": "s3cret"}, {"webhook-id": "s3cret"}, {"Webhook-Signature": "v1,s3cret"},
    {"WEBHOOK-TIMESTAMP": "1"}, {"webhook-anything": "1"},
    {"X-A": "s3cret", "x-a": "s3cret"},
    {f"X-{number}": "1" for number in range(MOST_HEADERS + 1)},
    {"X": "s3cret" * MOST_CHARACTERS}, {"X": "s" * 3000, "Y": "s" * 3000},
]
# fmt: on


@pytest.mark.parametrize("headers", BAD_HEADERS, ids=lambda value: ascii(value)[:40])
def test_headers_that_cannot_be_sent_are_refused(headers):
    assert refused(headers=headers) == ["settings.headers"]


def test_as_many_headers_as_are_allowed_are_sent():
    given = {f"X-{number}": "v" * 100 for number in range(MOST_HEADERS)}
    with HttpSink() as sink:
        assert channel.send(message(sink.url, headers=given)) == Sent()
    assert {name.lower(): value for name, value in given.items()}.items() <= sink.requests[0].headers.items()


def test_a_header_that_is_refused_is_named_with_its_remedy():
    with pytest.raises(InvalidInput, match="Content-Length is written by tocsin itself"):
        clean_settings(WebhookChannel.form, {"url": URL, "headers": {"Content-Length": "0"}})


def test_the_schema_says_so():
    properties = json_schema(WebhookChannel.form)["properties"]
    assert properties["method"]["enum"] == ["POST", "PUT"]
    assert properties["headers"]["type"] == "object"
    assert properties["headers"]["additionalProperties"]["type"] == "string"
    assert [name for name in properties if properties[name].get("writeOnly")] == [
        "url",
        "secret",
        "previous_secret",
        "headers",
    ]


def test_a_destination_that_asks_for_quiet_does_not_silence_its_neighbour():
    with HttpSink([Reply(429, headers={"retry-after": "60"}), Reply()]) as sink:
        noisy, neighbour = message(f"{sink.url}a", "sha256:a"), message(f"{sink.url}b", "sha256:b")
        assert in_batch(noisy).cause == Cause.THROTTLED
        assert [type(in_batch(made)) for made in (noisy, neighbour)] == [Later, Sent]


def test_what_a_person_tries_goes_out_although_the_host_failed_again_and_again():
    with HttpSink([Reply(500)] * OPENS_AFTER + [Reply()]) as sink:
        made = message(sink.url)
        for _ in range(OPENS_AFTER):
            assert isinstance(in_batch(made), Retry)
        assert isinstance(in_batch(made), Later)
        assert channel.send(made) == Sent()
        assert in_batch(made) == Sent()
