"""django-anymail as the mail backend: Postmark's, against a loopback server that speaks Postmark's API."""

from __future__ import annotations

import json
import logging
import socket

import pytest
from django.core.mail import EmailMultiAlternatives

from tests.channels.email.mails import MailFeed, message, messages, use_backend
from tests.servers.http_sink import HttpSink, Reply
from tocsin import compat
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.channels.email import EmailChannel

POSTMARK = "anymail.backends.postmark.EmailBackend"
TOKEN = "canary-server-token"


def refusal(status, code, told):
    return Reply(status, json.dumps({"ErrorCode": code, "Message": told}).encode())


def inactive(address):
    told = (
        "You tried to send to a recipient that has been marked as inactive.\n"
        f"Found inactive addresses: {address}.\nInactive recipients are ones that have generated a hard bounce "
        "or a spam complaint. "
    )
    return refusal(422, 406, told)


class Postmark:
    """The provider: takes what is well made, and answers as `replies` says for an address."""

    def __init__(self, replies=()):
        self.replies = dict(replies)
        self.mails = []

    def __call__(self, seen):
        if seen.headers.get("x-postmark-server-token") != TOKEN:
            return refusal(401, 10, f"Bad token {seen.headers.get('x-postmark-server-token')}")
        mail = json.loads(seen.body)
        address = mail["To"].rpartition("<")[2].rstrip(">")
        if address in self.replies:
            return self.replies[address]
        self.mails.append(mail)
        taken = {
            "To": mail["To"],
            "SubmittedAt": "2026-03-01T12:00:00Z",
            "MessageID": f"b7bc2f4a-e38e-4336-af7d-{len(self.mails):012d}",
            "ErrorCode": 0,
            "Message": "OK",
        }
        return Reply(200, json.dumps(taken).encode(), {"content-type": "application/json"})


@pytest.fixture
def deliver(settings):
    settings.TOCSIN = {}

    def run(postmark, given, token=TOKEN, timeout=5, **further):
        with HttpSink(postmark) as sink:
            use_postmark(settings, sink.url, token, timeout, **further)
            done = list(EmailChannel().send_batch(MailFeed(given)))
        assert len(done) == len(given)
        return {item.target.identity: outcome for item, outcome in done}

    return run


def use_postmark(settings, url, token=TOKEN, timeout=5, **further):
    options = {"server_token": token, "api_url": url, **further}
    if compat.HAS_MAILERS:
        use_backend(settings, POSTMARK, timeout=timeout, **options)
        return
    use_backend(settings, POSTMARK)
    general = {
        "REQUESTS_TIMEOUT": timeout,
        "IGNORE_RECIPIENT_STATUS": options.pop("ignore_recipient_status", False),
    }
    settings.ANYMAIL = general | {f"POSTMARK_{name.upper()}": value for name, value in options.items()}


def test_text_html_and_headers_arrive_and_the_providers_id_is_kept(deliver):
    postmark = Postmark()
    outcomes = deliver(postmark, [message("ana@example.net", name="Ana Müller")])
    assert outcomes == {"ana@example.net": Sent("<key-1@example.org> b7bc2f4a-e38e-4336-af7d-000000000001")}
    [mail] = postmark.mails
    assert mail["From"] == "Tocsin <tocsin@example.org>"
    assert mail["To"].endswith("<ana@example.net>")
    assert mail["Subject"] == "Invoice 42 is paid"
    assert "1 200 €, see the invoice (https://x.example/42)" in mail["TextBody"]
    assert "<strong>1 200 €</strong>" in mail["HtmlBody"]
    headers = {each["Name"]: each["Value"] for each in mail["Headers"]}
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["Message-ID"] == "<key-1@example.org>"
    assert headers["X-Tocsin-Delivery"] == "d1"


def test_each_recipient_has_an_outcome_of_its_own(deliver):
    replies = {
        "u1@example.net": inactive("u1@example.net"),
        "u2@example.net": refusal(422, 300, "Invalid 'To' address: 'u2@example.net'."),
        "u3@example.net": refusal(422, 300, "Invalid 'From' address: 'tocsin@example.org'."),
        "u4@example.net": refusal(500, 100, "Maintenance"),
        "u5@example.net": Reply(429, b"", {"retry-after": "7"}),
        "u6@example.net": Reply(413, b"too large"),
        "u7@example.net": Reply(fault="drop"),
        "u8@example.net": Reply(200, b"<html>"),
        "u9@example.net": Reply(404, b"<html>"),
    }
    outcomes = deliver(Postmark(replies), messages(12))
    assert [
        (type(o), getattr(o, "cause", None), getattr(o, "disable_destination", None))
        for o in outcomes.values()
    ] == [
        (Rejected, Cause.REFUSED_RECIPIENT, False),
        (Rejected, Cause.REFUSED_RECIPIENT, True),
        (Rejected, Cause.REFUSED_CONTENT, False),
        (Retry, Cause.SERVER_ERROR, None),
        (Retry, Cause.THROTTLED, None),
        (Rejected, Cause.TOO_LARGE, False),
        (Retry, Cause.DISCONNECTED, None),
        (Retry, Cause.SERVER_ERROR, None),
        (Retry, Cause.BAD_SETTINGS, None),
        *[(Sent, None, None)] * 3,
    ]
    assert outcomes["u5@example.net"].after == 7
    assert "Invalid 'From' address" in outcomes["u3@example.net"].detail
    assert outcomes["u4@example.net"].detail.startswith("500 ")


def test_a_refusal_that_the_project_ignores_is_still_no_success(deliver):
    refused = {"u1@example.net": inactive("u1@example.net")}
    outcomes = deliver(Postmark(refused), messages(1), ignore_recipient_status=True)
    assert outcomes["u1@example.net"].cause == Cause.REFUSED_RECIPIENT


def test_a_wrong_token_is_the_operators_and_is_shown_nowhere(deliver, caplog):
    caplog.set_level(logging.DEBUG, "tocsin")
    outcomes = deliver(Postmark(), messages(2), token="canary-wrong-token")
    assert {(type(o), o.cause) for o in outcomes.values()} == {(Retry, Cause.NOT_AUTHORISED)}
    assert "canary" not in repr(outcomes) + caplog.text
    assert "Bad token" in outcomes["u1@example.net"].detail


def test_no_answer_in_time_is_a_timeout(deliver):
    outcomes = deliver(lambda seen: Reply(fault="tarpit"), messages(1), timeout=0.2)
    assert (outcomes["u1@example.net"].cause, outcomes["u1@example.net"].detail) == (
        Cause.TIMEOUT,
        "timed out",
    )


def test_a_closed_port_is_refused(settings):
    settings.TOCSIN = {}
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        use_postmark(settings, f"http://127.0.0.1:{sock.getsockname()[1]}/")
        outcome = EmailChannel().send(message())
    assert (type(outcome), outcome.cause) == (Retry, Cause.REFUSED)


def test_a_failure_of_the_backend_itself_is_logged_without_the_token(deliver, caplog, monkeypatch):
    def broken(mail):
        raise KeyError(f"no room for {TOKEN}")

    monkeypatch.setattr(EmailMultiAlternatives, "recipients", broken)
    outcomes = deliver(Postmark(), messages(1))
    assert outcomes["u1@example.net"] == Retry(Cause.BUG, "KeyError")
    assert "KeyError" in caplog.text
    assert "canary" not in caplog.text


def test_a_backend_without_its_settings_is_the_operators(settings):
    settings.TOCSIN = {}
    use_backend(settings, POSTMARK)
    settings.ANYMAIL = {}
    done = list(EmailChannel().send_batch(MailFeed(messages(2))))
    assert [(type(outcome), outcome.cause) for _, outcome in done] == [(Retry, Cause.BAD_SETTINGS)] * 2
