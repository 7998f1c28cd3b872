"""Reading answers: status, Retry-After, and what may be shown of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import HttpSink, Reply
from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Rejected, Retry, Sent

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOKEN = "xoxb-very-secret"


def answer(status, body=b"", *lines):
    request = http.Request(
        f"https://hooks.example.com/services/{TOKEN}?key=another-secret",
        b"{}",
        {},
        secret_values=("whsec_abc",),
    )
    return http.Response(status, body, request, [b"HTTP/1.1 %d X\r\n" % status, *lines])


RETRIED = {
    408: Cause.TIMEOUT,
    **dict.fromkeys((425, 429), Cause.THROTTLED),
    **dict.fromkeys((421, 423), Cause.SERVER_ERROR),
    **dict.fromkeys((*range(500, 512), 520, 521, 522, 523, 524, 529, 530, 598, 599, 999), Cause.SERVER_ERROR),
}
REJECTED = {
    **dict.fromkeys((300, 301, 302, 303, 304, 305, 307, 308, 399), Cause.REDIRECT),
    **dict.fromkeys((401, 403), Cause.NOT_AUTHORISED),
    404: Cause.REFUSED_RECIPIENT,
    410: Cause.GONE,
    413: Cause.TOO_LARGE,
    **dict.fromkeys(
        (400, 402, 405, 406, 407, 409, 411, 412, 414, 415, 416, 417, 418, 422, 424, 426, 428, 431, 451, 499),
        Cause.REFUSED_CONTENT,
    ),
}
SENT = (200, 201, 202, 203, 204, 205, 206, 207, 226, 299)


@pytest.mark.parametrize("status", SENT)
def test_success_is_sent(status):
    assert http.classify(answer(status)) == Sent()


@pytest.mark.parametrize("status", RETRIED)
def test_what_may_pass_is_retried(status):
    outcome = http.classify(answer(status))
    assert isinstance(outcome, Retry)
    assert (outcome.cause, outcome.after) == (RETRIED[status], None)


@pytest.mark.parametrize("status", REJECTED)
def test_what_will_never_work_is_rejected(status):
    outcome = http.classify(answer(status, b"", b"Retry-After: 7\r\n"))
    assert isinstance(outcome, Rejected)
    assert outcome.cause == REJECTED[status]
    assert outcome.disable_destination is (status == 410)


def test_every_status_means_over_the_wire_what_it_means_in_the_table(settings, caplog):
    """And no word of an answer, be it body, reason or header, is in what is kept of it or logged."""
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    caplog.set_level("DEBUG")
    faults = ("drop", "reset", "cut", "garbage")
    wanted = [*SENT, *RETRIED, *REJECTED, *faults]

    def reply(seen):
        name = seen.path.strip("/")
        status, fault = (200, name) if name in faults else (int(name), "")
        return Reply(status, b"canary-" * 100, {"x-canary": "canary", "location": "/canary"}, fault=fault)

    with HttpSink(reply) as sink:
        build = lambda name: http.Request(f"{sink.url}{name}", b"", {})  # noqa: E731
        done = dict(http.post_many(ListFeed(wanted), build, slots=4 * len(wanted), probe=True))
    assert {name for name in wanted if done[name] == Sent()} == {*SENT}
    causes = {name: done[name].cause for name in wanted if name not in SENT}
    assert causes == {
        **RETRIED,
        **REJECTED,
        **dict.fromkeys(faults, Cause.DISCONNECTED),
        "garbage": Cause.SERVER_ERROR,
    }
    assert not [outcome for outcome in done.values() if "canary" in repr(outcome)]
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("86400", 86400.0),
        ("86401", 86400.0),
        ("315360000", 86400.0),
        ("9" * 32, 86400.0),
        ("9" * 500, None),
        ("-1", None),
        ("+5", None),
        ("5 seconds", None),
        ("1,5", None),
        ("5, 7", None),
        ("\uff15", None),
        ("5\x00", None),
        ("00007", 7.0),
        (".5", None),
        ("2026-03-01T12:02:00Z", None),
        ("tomorrow", None),
        ("Sun, 01 Mar 2026 12:02:00 EST", 18120.0),
        ("", None),
        ("soon", None),
        ("1e9", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
        ("7;8", None),
        ("0x10", None),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120.0),
        ("Sunday, 01-Mar-26 12:02:00 GMT", 120.0),
        ("Sun Mar  1 12:02:00 2026", 120.0),
        ("Sun, 01 Mar 2026 14:02:00 +0200", 120.0),
        ("Sun, 01 Mar 2026 11:59:00 GMT", None),
        ("Fri, 01 Mar 2036 12:00:00 GMT", 86400.0),
        ("Sun, 99 Mar 2026 12:02:00 GMT", None),
        ("Sun, 01 Mar 99999 12:02:00 GMT", None),
        ("Sun, ", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 86400.0),
        ("Sun, 01 Mar 99999999999999999999 12:02:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", None),
    ],
)
def test_retry_after_is_read_with_distrust(value, seconds):
    assert http.parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(status):
    with clock.frozen(NOW):
        moment = (NOW + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT").encode()
        outcome = http.classify(answer(status, b"", b"Retry-After: " + moment + b"\r\n"))
    assert outcome.cause == Cause.THROTTLED
    assert outcome.after == 90.0


def test_details_show_the_origin_and_no_secret():
    echo = f"no such hook {TOKEN} / another-secret / whsec_abc / services/{TOKEN}".encode()
    outcome = http.classify(answer(404, echo))
    assert outcome.detail == "https://hooks.example.com answered 404"


def test_an_excerpt_holds_no_secret_not_even_the_beginning_of_one():
    assert TOKEN not in http.excerpt(f"no such hook {TOKEN}", [TOKEN])
    assert TOKEN[:5] not in http.excerpt(b"x" * 195 + TOKEN.encode(), [TOKEN])


def test_an_excerpt_is_short_and_printable():
    found = http.excerpt(b"\x1b[31mred\r\nInjected: yes\x00\xff\xe2\x80\xae" + b"x" * 5000)
    assert found.isprintable()
    assert "\\x1b[31mred\\r\\nInjected: yes\\x00" in found
    assert "\\u202e" in found
    assert len(found) < 300


def test_headers_are_read_in_any_case_and_the_last_one_counts():
    response = answer(200, b"", b"X-Request-ID: one\r\n", b"x-request-id: two\r\n", b"\r\n")
    assert response.header("X-Request-Id") == "two"
    assert response.headers == {"x-request-id": "two"}
    assert response.header("absent") == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@example.com:8443/a?b#c", "https://example.com:8443"),
        ("https://example.com?x=y@z", "https://example.com"),
        ("nonsense", "nonsense://"),
    ],
)
def test_the_origin_holds_nothing_secret(url, shown):
    assert http.origin_of(url) == shown


def test_reprs_show_no_secret():
    response = answer(200, b"body-secret")
    assert TOKEN not in repr(response.request)
    assert "body-secret" not in repr(response)
