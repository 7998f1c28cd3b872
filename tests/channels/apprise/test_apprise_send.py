"""What is sent, and what comes of the answers: a loopback server in the place of the services."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins.pagerduty import PAGERDUTY_API_LOOKUP

from tests.channels.apprise.samples import VALUES
from tests.servers.certificates import Authority
from tests.servers.http_sink import HttpSink, Reply
from tocsin.channels.apprise import AppriseChannel
from tocsin.channels.apprise.plugins import all_plugins
from tocsin.channels.apprise.wording import BREAK
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.channels.forms import clean_settings
from tocsin.errors import InvalidInput
from tocsin.levels import Level
from tocsin.testing import make_message

PLUGINS = all_plugins()
CONSTANTS = {
    "discord": ("notify_url", "api/webhooks"),
    "ntfy": ("cloud_notify_url", ""),
    "tgram": ("notify_url", "bot"),
}


class Impatient(AppriseChannel):
    deadline_seconds = 1.0


channel = AppriseChannel()


def raw(sink, path="hook"):
    """The operator's URL of the sink."""
    given = {"url": sink.url.replace("http://", "json://") + path}
    made = clean_settings(AppriseChannel.form, given, by_operator=True)
    return make_message(made.secret)


@pytest.fixture
def at(monkeypatch):
    """A message to a service that has been moved to a sink."""

    def message(service, sink, botname="Tocsin", **overrides):
        if service == "pagerduty":
            monkeypatch.setitem(PAGERDUTY_API_LOOKUP, "us", sink.url + "v2/enqueue")
        else:
            name, path = CONSTANTS[service]
            assert getattr(PLUGINS[service], name).startswith("https://")
            monkeypatch.setattr(PLUGINS[service], name, sink.url + path)
        values = VALUES[service] | ({"botname": botname} if service == "discord" else {})
        made = clean_settings(AppriseChannel.form, {"service": service, "values": values})
        return make_message(made.open | made.secret, **overrides)

    return message


def test_a_url_of_the_operators_is_posted_to():
    with HttpSink() as sink:
        assert channel.send(raw(sink)) == Sent()
    [seen] = sink.requests
    assert (seen.method, seen.path) == ("POST", "/hook")
    document = json.loads(seen.body)
    assert document["title"] == "Invoice 42 is paid"
    assert document["message"].startswith("1 200 €, see the invoice (https://shop.example/invoices/42).\n")
    assert document["type"] == "info"
    assert document["attachments"] == []


@pytest.mark.parametrize(
    ("status", "kind", "cause", "disabled"),
    [
        (400, Rejected, Cause.REFUSED_CONTENT, False),
        (401, Rejected, Cause.NOT_AUTHORISED, False),
        (404, Rejected, Cause.REFUSED_RECIPIENT, False),
        (410, Rejected, Cause.GONE, True),
        (413, Rejected, Cause.TOO_LARGE, False),
        (429, Retry, Cause.THROTTLED, False),
        (500, Retry, Cause.SERVER_ERROR, False),
        (503, Retry, Cause.SERVER_ERROR, False),
    ],
)
def test_the_status_decides(status, kind, cause, disabled):
    with HttpSink([Reply(status, b"error=410. their own words")]) as sink:
        outcome = channel.send(raw(sink))
    assert isinstance(outcome, kind)
    assert (outcome.cause, outcome.detail) == (cause, f"json:// answered {status}")
    assert getattr(outcome, "disable_destination", False) is disabled
    assert len(sink.requests) == 1


@pytest.mark.parametrize("service", ["json", "discord", "ntfy", "tgram"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(at, service, status):
    with HttpSink() as elsewhere:
        moved = Reply(status, headers={"location": elsewhere.url})
        with HttpSink([moved]) as sink:
            outcome = channel.send(raw(sink, "?redirect=yes") if service == "json" else at(service, sink))
    assert isinstance(outcome, Rejected)
    assert outcome.cause == Cause.REDIRECT
    assert (len(sink.requests), len(elsewhere.requests)) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("tarpit", Cause.TIMEOUT),
        ("drop", Cause.DISCONNECTED),
        ("reset", Cause.DISCONNECTED),
        ("garbage", Cause.DISCONNECTED),
    ],
)
def test_a_far_side_that_does_not_answer_is_tried_again(fault, cause):
    with HttpSink([Reply(fault=fault)]) as sink:
        outcome = Impatient().send(raw(sink))
    assert isinstance(outcome, Retry)
    assert (outcome.cause, outcome.detail) == (cause, "json://: no answer")


def test_nobody_there_is_a_refusal():
    with HttpSink() as sink:
        message = raw(sink)
    assert channel.send(message) == Retry(Cause.REFUSED, "json://: no answer")


def test_a_certificate_that_nobody_signed_is_not_trusted(tmp_path):
    with HttpSink(tls=Authority(tmp_path).server("127.0.0.1")) as sink:
        url = sink.url.replace("https://", "jsons://")
        outcome = channel.send(make_message({"url": url}))
    assert isinstance(outcome, Retry)
    assert outcome.cause == Cause.TLS
    assert not sink.requests


def test_what_an_event_says_is_not_taken_for_an_answer():
    with HttpSink([Reply(500)]) as sink:
        outcome = channel.send(
            replace(
                raw(sink),
                events=make_message(title="error=410", body="Socket Exception: refused error=410.").events,
            )
        )
    assert outcome == Retry(Cause.SERVER_ERROR, "json:// answered 500")


def test_discord_gets_its_webhook_document(at):
    with HttpSink([Reply(204)]) as sink:
        message = at("discord", sink, title="Disk full", body="**/var** is at 99 %", url="", actions=())
        assert channel.send(message) == Sent()
    [seen] = sink.requests
    assert seen.path == "/api/webhooks/4170000000/wT_0123-secret"
    assert seen.headers["content-type"].startswith("application/json")
    assert json.loads(seen.body) == {
        "tts": False,
        "wait": True,
        "username": "Tocsin",
        "content": "Disk full\r\n/var is at 99 %",
    }


def test_discord_pings_nobody_that_the_event_names(at):
    with HttpSink() as sink:
        message = at(
            "discord",
            sink,
            title="@everyone <@&42>",
            body="@here <@42> [x](https://evil.example) a@b.example",
        )
        channel.send(message)
    content = json.loads(sink.requests[0].body)["content"]
    for mention in ("@everyone", "@here", "<@42>", "<@&42>"):
        assert mention not in content
        assert mention in content.replace(BREAK, "")
    assert "a@b.example" in content


def test_discord_draws_nothing_that_the_event_spells(at):
    with HttpSink() as sink:
        channel.send(
            at("discord", sink, title="T", body="at 10:20:30 :tada: 2001:db8::1", url="", actions=())
        )
    content = json.loads(sink.requests[0].body)["content"]
    assert ":tada:" not in content.replace("\\:tada:", "")


def test_a_name_with_signs_of_a_url_in_it_arrives_whole(at):
    with HttpSink() as sink:
        message = at("discord", sink, botname="Ops & Co? 100%41/#é")
        assert channel.send(message) == Sent()
    assert json.loads(sink.requests[0].body)["username"] == "Ops & Co? 100%41/#é"


def test_discord_asks_for_time_and_gets_it(at):
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
    with HttpSink([Reply(429, headers=headers)]) as sink:
        outcome = channel.send(at("discord", sink))
    assert isinstance(outcome, Retry)
    assert (outcome.cause, outcome.detail) == (Cause.THROTTLED, "https://discord.com asked to wait")
    assert outcome.after > 60
    assert len(sink.requests) == 1


def test_ntfy_gets_its_json(at):
    with HttpSink() as sink:
        assert (
            channel.send(at("ntfy", sink, title="Disk full", body="See *there*", url="", actions=()))
            == Sent()
        )
    [seen] = sink.requests
    assert seen.path == "/"
    assert json.loads(seen.body) == {"topic": "alarms-of-ana", "title": "Disk full", "message": "See there"}


def test_ntfys_own_number_of_an_error_is_understood(at):
    with HttpSink([Reply(403, b'{"code": 40301, "http": 403, "error": "forbidden"}')]) as sink:
        outcome = channel.send(at("ntfy", sink))
    assert outcome == Rejected(Cause.NOT_AUTHORISED, "https://ntfy.sh answered 403")


def test_ntfy_makes_no_file_of_a_long_text(at):
    with HttpSink() as sink:
        channel.send(at("ntfy", sink, body="😀" * 9000))
    [seen] = sink.requests
    assert json.loads(seen.body)["message"].endswith("…")


def test_telegram_gets_its_message(at):
    with HttpSink([Reply(200, b'{"ok": true, "result": {}}')]) as sink:
        message = at("tgram", sink, title="Disk <full>", body="a < b & c", url="", actions=())
        assert channel.send(message) == Sent()
    [seen] = sink.requests
    assert seen.path == "/bot123456789:abcdefg_hijk/sendMessage"
    document = json.loads(seen.body)
    assert (document["chat_id"], document["parse_mode"]) == (-1001234, "HTML")
    assert document["text"] == "<b>Disk &lt;\u200bfull&gt;</b>\r\na &lt; b &amp; c"


def test_a_long_text_for_telegram_is_cut_between_its_entities(at):
    with HttpSink([Reply(200, b'{"ok": true, "result": {}}')]) as sink:
        assert channel.send(at("tgram", sink, body="`" + "&" * 9000 + "`")) == Sent()
    [seen] = sink.requests
    text = json.loads(seen.body)["text"]
    assert len(text) <= 4096
    assert text.endswith("&amp;…")
    assert text.count("&") == text.count("&amp;") > 700


def test_pagerduty_knows_one_incident_by_one_key(at):
    """The same in every attempt and for all events of a group; resolved by the event that says so."""
    with HttpSink([Reply(202)]) as sink:
        sent = [
            at("pagerduty", sink, level=Level.CRITICAL),
            at("pagerduty", sink, level=Level.CRITICAL, attempt=2),
            at("pagerduty", sink, delivery_id=2),
            at("pagerduty", sink, delivery_id=3, group_key="disk-1"),
            at("pagerduty", sink, delivery_id=4, group_key="disk-1", status="resolved", action="resolve"),
        ]
        assert [channel.send(message) for message in sent] == [Sent()] * 5
    documents = [json.loads(seen.body) for seen in sink.requests]
    first, second, other, opened, closed = (document["dedup_key"] for document in documents)
    assert first == second
    assert opened == closed
    assert len({first, other, opened}) == 3
    assert [document["event_action"] for document in documents] == [*["trigger"] * 4, "resolve"]
    assert documents[0]["payload"]["severity"] == "critical"


@pytest.mark.parametrize(
    ("level", "told"), [(Level.INFO, "info"), (Level.WARNING, "warning"), (Level.CRITICAL, "failure")]
)
def test_the_level_is_told(level, told):
    with HttpSink() as sink:
        channel.send(replace(raw(sink), events=make_message(level=level).events))
    assert json.loads(sink.requests[0].body)["type"] == told


def test_several_events_are_one_message():
    events = [make_message(title=f"Nr {number}", body=f"Text {number}").event for number in range(3)]
    with HttpSink() as sink:
        assert channel.send(replace(raw(sink), events=tuple(events))) == Sent()
    document = json.loads(sink.requests[0].body)
    assert document["title"] == "Nr 0"
    assert [f"Nr {number}" in document["message"] for number in range(3)] == [False, True, True]


def test_an_event_without_a_text_is_sent_by_its_title():
    with HttpSink() as sink:
        events = make_message(body="", url="", actions=()).events
        assert channel.send(replace(raw(sink), events=events)) == Sent()
    document = json.loads(sink.requests[0].body)
    assert (document["title"], document["message"]) == ("", "Invoice 42 is paid")


def test_messages_at_once_keep_their_answers_apart():
    gate = threading.Event()
    with HttpSink(lambda seen: Reply(500 if b"Nr 1" in seen.body else 200, gate=gate)) as sink:
        found = {}

        def send(number):
            events = make_message(title=f"Nr {number}").events
            found[number] = channel.send(replace(raw(sink), events=events))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        sink.wait_for(4)
        gate.set()
        for thread in threads:
            thread.join(10)
    assert [isinstance(found[number], Sent) for number in range(4)] == [True, False, True, True]


def test_settings_that_apprise_refuses_only_when_it_sends_are_rejected(monkeypatch):
    def refuse(*args, **options):
        raise AppriseImproperlyConfigured("s3cret is no good")

    monkeypatch.setattr(PLUGINS["discord"], "send", refuse)
    outcome = channel.attempt(make_message({"service": "discord", "values": VALUES["discord"]}))
    assert isinstance(outcome, Rejected)
    assert outcome.cause == Cause.BAD_SETTINGS
    assert "s3cret" not in outcome.detail


def test_a_plugin_that_lacks_a_package_is_no_accident(monkeypatch):
    monkeypatch.setattr(PLUGINS["discord"], "enabled", False)
    given = {"service": "discord", "values": VALUES["discord"]}
    assert channel.attempt(make_message(given)).cause == Cause.BAD_SETTINGS
    with pytest.raises(InvalidInput) as caught:
        clean_settings(AppriseChannel.form, given)
    assert [error.field for error in caught.value.errors] == ["settings.values"]
