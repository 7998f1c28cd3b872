"""The webhook channel against a real server, judged by the standardwebhooks package."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import HttpSink, Reply
from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, EventView, Later, Message, Rejected, Retry, Sent, Target
from tocsin.channels.forms import clean_settings
from tocsin.channels.webhook import WebhookChannel
from tocsin.channels.webhook.payload import Bodies, TooLargeError, document, encode
from tocsin.channels.webhook.signing import make_secret
from tocsin.errors import InvalidInput
from tocsin.levels import Level

channel = WebhookChannel()
SECRET = make_secret()
EVENT = EventView(
    id="018f",
    type="invoice:paid",
    type_label="Invoice paid",
    level=Level.ERROR,
    title="Invoice 42 · paid",
    body="**1 200 €**",
    data={"amount": 1200, "nested": {"a": [1, None, False]}},
    url="https://shop.example/42",
    actions=({"label": "Open", "url": "https://shop.example/42"},),
    actor="user:7",
    about="shop.invoice/42",
    group_key="invoice-42",
    status="open",
    organization="acme",
    project="web",
    created_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
)


@pytest.fixture(autouse=True)
def _loopback_allowed(settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}


def message(url, number=1, events=(EVENT,), secret=SECRET, **changes):
    target = Target("sha256:x", "hook", {"url": url, "secret": secret})
    made = Message(
        delivery_id=number,
        attempt=1,
        key=f"msg-{number}",
        events=tuple(events),
        target=target,
        recipient=None,
        locale="en",
    )
    return replace(made, **changes)


def test_the_receiver_can_verify_what_it_got():
    with HttpSink() as sink:
        assert channel.send(message(sink.url + "hook", 42)) == Sent()
    seen = sink.requests[0]
    document = Webhook(SECRET).verify(seen.body, seen.headers)
    assert document["type"] == "invoice:paid"
    assert document["timestamp"] == "2026-03-01T12:00:00+00:00"
    data = document["data"]
    assert data["delivery"] == "d42"
    assert (data["id"], data["level"], data["title"]) == ("018f", "error", "Invoice 42 · paid")
    assert data["data"] == {"amount": 1200, "nested": {"a": [1, None, False]}}
    assert (data["about"], data["group_key"], data["status"]) == ("shop.invoice/42", "invoice-42", "open")
    assert data["actions"] == [{"label": "Open", "url": "https://shop.example/42"}]
    assert "events" not in data
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["user-agent"] == http.USER_AGENT
    assert seen.headers["webhook-id"] == "msg-42"


def test_a_second_attempt_has_the_same_id_and_body_and_a_fresh_timestamp():
    with HttpSink([Reply(500), Reply()]) as sink:
        now = clock.now()
        with clock.frozen(now - timedelta(seconds=200)):
            assert isinstance(channel.send(message(sink.url)), Retry)
        with clock.frozen(now):
            assert channel.send(message(sink.url, attempt=2)) == Sent()
    first, second = sink.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 200
    for seen in sink.requests:
        Webhook(SECRET).verify(seen.body, seen.headers)


def test_several_events_are_all_in_the_body():
    events = [replace(EVENT, id=f"e{number}", title=f"Nr {number}") for number in range(3)]
    with HttpSink() as sink:
        channel.send(message(sink.url, events=events))
    data = json.loads(sink.requests[0].body)["data"]
    assert data["id"] == "e0"
    assert [event["id"] for event in data["events"]] == ["e0", "e1", "e2"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_preview_is_what_is_sent(count):
    made = message("https://x.example/", events=[replace(EVENT, id=f"e{number}") for number in range(count)])
    sent = json.loads(Bodies().of(made))
    assert sent == json.loads(encode(document(made)))
    assert channel.render(made).payload == document(made)


def test_an_event_is_not_mistaken_for_another_in_the_same_batch():
    bodies = Bodies()
    for number in range(500):
        event = replace(EVENT, title=f"Nr {number}")
        assert json.loads(bodies.of(message("u", events=[event])))["data"]["title"] == f"Nr {number}"


def test_an_event_for_many_destinations_is_written_once(monkeypatch):
    written = []
    monkeypatch.setattr(
        "tocsin.channels.webhook.payload.event_json",
        lambda event: written.append(event.id) or {"id": event.id},
    )
    bodies = Bodies()
    made = [bodies.of(message("u", number)) for number in range(10)]
    assert written == [EVENT.id]
    assert [json.loads(body)["data"]["delivery"] for body in made] == [f"d{number}" for number in range(10)]


def test_events_that_do_not_fit_are_counted():
    events = [replace(EVENT, id=f"e{number}", body="x" * 1000) for number in range(50)]
    body = Bodies(limit=20_000).of(message("u", events=events))
    data = json.loads(body)["data"]
    assert len(body) <= 20_000
    assert 5 < len(data["events"]) < 20
    assert data["events_omitted"] == 50 - len(data["events"])


def test_an_event_that_is_too_large_is_rejected():
    with pytest.raises(TooLargeError):
        Bodies(limit=1000).of(message("u", events=[replace(EVENT, body="x" * 1000)]))
    with HttpSink() as sink:
        outcome = channel.send(message(sink.url, events=[replace(EVENT, body="x" * 2_000_000)]))
        assert isinstance(outcome, Rejected)
        assert outcome.cause == Cause.TOO_LARGE
        assert not sink.requests


def test_settings_that_cannot_be_used_are_rejected_without_their_secret():
    outcome = channel.send(message("https://x.example/", secret="whsec_short"))
    assert isinstance(outcome, Rejected)
    assert outcome.cause == Cause.BAD_SETTINGS
    assert "short" not in outcome.detail


def test_a_batch_reports_each_on_its_own():
    def reply(seen):
        return Reply({"/ok": 200, "/gone": 410, "/busy": 429, "/moved": 302}[seen.path])

    with HttpSink(reply) as sink:
        paths = ["ok", "gone", "busy", "moved", "ok"]
        feed = ListFeed([message(sink.url + path, number) for number, path in enumerate(paths)])
        done = {made.delivery_id: outcome for made, outcome in channel.send_batch(feed)}
    assert [type(done[number]) for number in range(5)] == [Sent, Rejected, Retry, Rejected, Sent]
    assert done[1].disable_destination
    assert not done[3].disable_destination


def test_one_message_that_cannot_be_written_costs_no_other():
    with HttpSink() as sink:
        broken = replace(EVENT, data={"a": object()})
        feed = ListFeed(
            [message(sink.url, 1, [broken]), message(sink.url, 2), message(sink.url, 3, secret="")]
        )
        done = {made.delivery_id: outcome for made, outcome in channel.send_batch(feed)}
    assert (type(done[1]), done[1].cause) == (Retry, Cause.BUG)
    assert done[2] == Sent()
    assert (type(done[3]), done[3].cause) == (Rejected, Cause.BAD_SETTINGS)


def test_a_tarpit_does_not_hold_the_others():
    with HttpSink([Reply(fault="tarpit")]) as tarpit, HttpSink() as quick:
        made = [message(tarpit.url, number) for number in range(64)]
        feed = ListFeed(made, [message(quick.url, number) for number in range(64, 164)])
        run = channel.send_batch(feed)
        early = [next(run) for _ in range(148)]
        run.close()
    sent = [made.delivery_id for made, outcome in early if outcome == Sent()]
    assert sorted(sent) == list(range(64, 164))
    assert sum(isinstance(outcome, Later) for _, outcome in early) == 48


def test_the_form_makes_a_secret():
    cleaned = clean_settings(WebhookChannel.form, {"url": "https://hooks.example.com/T0/token"})
    assert cleaned.open == {}
    assert cleaned.secret["url"] == "https://hooks.example.com/T0/token"
    assert cleaned.identity.startswith("sha256:")
    Webhook(cleaned.secret["secret"])
    other = clean_settings(WebhookChannel.form, {"url": "https://hooks.example.com/T0/token"})
    assert other.identity == cleaned.identity
    assert other.secret["secret"] != cleaned.secret["secret"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "settings.url"),
        ({"url": "http://10.0.0.1/"}, "settings.url"),
        ({"url": "ftp://example.com/"}, "settings.url"),
        ({"url": "https://example.com/", "secret": "whsec_c2hvcnQ="}, "settings.secret"),
        ({"url": "https://example.com/", "secret": SECRET.removeprefix("whsec_")}, "settings.secret"),
        ({"url": "https://example.com/", "secret": "whsec_" + "å" * 40}, "settings.secret"),
        ({"url": "https://example.com/", "secret": "whsec_" + "A" * 120}, "settings.secret"),
        ({"url": "https://example.com/", "verify": "no"}, "settings.verify"),
    ],
)
def test_the_form_refuses_what_cannot_work(given, field):
    with pytest.raises(InvalidInput) as caught:
        clean_settings(WebhookChannel.form, given)
    assert [error.field for error in caught.value.errors] == [field]
    assert "c2hvcnQ" not in str(caught.value)


def test_what_is_shown_of_a_destination_is_its_host():
    shown = WebhookChannel().target_label({"url": "https://hooks.example.com/T0/token?x=y"})
    assert shown == "https://hooks.example.com"
