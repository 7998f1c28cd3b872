"""The PagerDuty channel against a loopback Events API that refuses what PagerDuty would, and keeps its alerts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import Reply
from tests.servers.pagerduty import KEY, LOST, PagerdutyServer, refusal
from tocsin.channels.base import Cause, Later, Moot, Rejected, Retry, Sent
from tocsin.channels.forms import clean_settings
from tocsin.channels.pagerduty import HOSTS, PagerdutyChannel, build
from tocsin.errors import InvalidInput
from tocsin.levels import Level
from tocsin.testing import make_message

channel = PagerdutyChannel()
GIVEN = {"routing_key": KEY}
EVENT = make_message().event
OTHER = "R0123456789abcdefghijklmnopqrstu"


@pytest.fixture
def pagerduty(settings):
    with PagerdutyServer() as server:
        settings.TOCSIN = {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "PAGERDUTY_URL": server.url,
            "BASE_URL": "https://tocsin.example",
        }
        yield server


def send(*_, given=GIVEN, **changes):
    return channel.send(make_message(given, **changes))


def test_an_event_becomes_an_alert_with_all_that_is_known_of_it(pagerduty):
    outcome = send(level=Level.ERROR, title="Disk *full* <b>", project="web", data={"host": "db1"})
    [sent] = pagerduty.events
    assert outcome == Sent(make_message().key)
    assert sent == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": make_message().key,
        "payload": {
            "summary": "[error] Disk *full* <b>",
            "source": "shop.invoice/42",
            "severity": "error",
            "timestamp": "2026-03-01T12:00:00+00:00",
            "group": "web",
            "class": "invoice:paid",
            "custom_details": {
                "id": EVENT.id,
                "type": "invoice:paid",
                "level": "error",
                "actor": "user:7",
                "about": "shop.invoice/42",
                "status": "open",
                "organization": "acme",
                "project": "web",
                "created_at": "2026-03-01T12:00:00+00:00",
                "url": "https://shop.example/invoices/42",
                "body": "1 200 €, see the invoice (https://shop.example/invoices/42).",
                "data": {"host": "db1"},
            },
        },
        "client": "tocsin",
        "client_url": "https://tocsin.example",
        "links": [{"href": "https://shop.example/invoices/42", "text": "Open"}],
    }


def test_the_destination_says_where_its_alerts_come_from(pagerduty):
    send(given=GIVEN | {"source": "shop.example", "component": "till", "group": "prod"}, project="web")
    send(about="", project="web")
    send(about="")
    found = [event["payload"] for event in pagerduty.events]
    assert [one["source"] for one in found] == ["shop.example", "acme/web", "acme"]
    assert [one.get("group") for one in found] == ["prod", "web", None]
    assert [one.get("component") for one in found] == ["till", None, None]


def test_each_level_is_a_severity_and_the_gravest_of_several_counts(pagerduty):
    for level in Level:
        send(level=level)
    send(events=tuple(replace(EVENT, level=level) for level in (Level.INFO, Level.CRITICAL, Level.WARNING)))
    severities = [event["payload"]["severity"] for event in pagerduty.events]
    assert severities == ["info", "warning", "error", "critical", "critical"]


def test_only_http_is_linked_and_addresses_of_e_mail_are_told(pagerduty):
    actions = (
        {"label": "Go", "url": "/go/1"},
        {"label": "Write us", "url": "mailto:ops@example.com"},
        {"label": "Bad", "url": "javascript:alert(1)"},
    )
    send(actions=actions, url="javascript:alert(2)")
    [sent] = pagerduty.events
    assert sent["links"] == [{"href": "https://tocsin.example/go/1", "text": "Go"}]
    assert sent["payload"]["custom_details"]["mail"] == ["Write us mailto:ops@example.com"]
    assert "javascript" not in json.dumps(sent)


def test_a_group_is_one_alert_from_its_trigger_to_its_resolution(pagerduty):
    for title, action, status in (
        ("Disk full", "open", "open"),
        ("Disk fuller", "update", "open"),
        ("Ana is at it", "acknowledge", "acknowledged"),
        ("There is room again", "resolve", "resolved"),
    ):
        assert send(title=title, action=action, status=status, group_key="disk-db1") == Sent("acme/disk-db1")
    [alert] = pagerduty.alerts["acme/disk-db1"]
    assert alert.status == "resolved"
    assert [event["event_action"] for event in alert.events] == [
        "trigger",
        "trigger",
        "acknowledge",
        "resolve",
    ]
    assert alert.titles[2:] == ["[acknowledged] Ana is at it", "[resolved] There is room again"]
    send(title="Full again", group_key="disk-db1")
    assert [one.status for one in pagerduty.alerts["acme/disk-db1"]] == ["resolved", "triggered"]


def test_the_same_group_of_another_organization_is_another_alert(pagerduty):
    send(group_key="disk-db1")
    send(group_key="disk-db1", organization="umbrella", action="resolve", status="resolved")
    assert pagerduty.alerts["acme/disk-db1"][0].status == "triggered"
    assert [event["dedup_key"] for event in pagerduty.dropped] == ["umbrella/disk-db1"]


@pytest.mark.parametrize("group", ["ü" * 200, "x" * 137, "日" * 150])
def test_a_key_that_is_too_long_is_told_as_a_digest_that_tells_groups_apart(pagerduty, group):
    organization = "o" * 63
    names = {send(group_key=group[:-1] + end, organization=organization).provider_id for end in "abaa"}
    assert len(names) == 2
    assert all(name.startswith(f"{organization}/") and len(name) <= 200 for name in names)
    assert len(pagerduty.alerts) == 2


@pytest.mark.parametrize(("action", "status"), [("resolve", "resolved"), ("acknowledge", "acknowledged")])
def test_without_a_group_there_is_nothing_to_end_and_nobody_is_woken_for_it(pagerduty, action, status):
    assert send(action=action, status=status) == Moot()
    assert pagerduty.events == []


def test_several_events_are_told_in_the_details(pagerduty):
    events = tuple(replace(EVENT, title=f"Nr {n}", data={"n": n}, group_key="g") for n in range(3))
    assert send(events=events) == Sent("acme/g")
    [sent] = pagerduty.events
    assert sent["payload"]["summary"] == "Nr 0 (and 2 more)"
    further = sent["payload"]["custom_details"]["events"]
    assert [(one["title"], one["data"]) for one in further] == [("Nr 1", {"n": 1}), ("Nr 2", {"n": 2})]
    mixed = (events[0], replace(EVENT, group_key="another"))
    assert send(events=mixed) == Sent(make_message().key)


@pytest.mark.parametrize(
    ("reply", "kind", "cause", "disables"),
    [
        (refusal("Invalid routing key"), Rejected, Cause.GONE, True),
        (Reply(400, b"Invalid routing key"), Rejected, Cause.GONE, True),
        (
            refusal("Length of 'routing_key' is incorrect (should be 32 characters)"),
            Rejected,
            Cause.GONE,
            True,
        ),
        (
            refusal("'event_type' is missing or blank", "Service key can't be blank"),
            Rejected,
            Cause.GONE,
            True,
        ),
        (refusal("'payload.severity' is invalid"), Rejected, Cause.REFUSED_CONTENT, False),
        (refusal("JSON parse error"), Rejected, Cause.REFUSED_CONTENT, False),
        (refusal({"routing_key": "Invalid routing key"}, None), Rejected, Cause.REFUSED_CONTENT, False),
        (
            Reply(400, b'{"routing_key": "x", "errors": "routing_key"}'),
            Rejected,
            Cause.REFUSED_CONTENT,
            False,
        ),
        (Reply(413), Rejected, Cause.TOO_LARGE, False),
        (Reply(404), Rejected, Cause.REFUSED_RECIPIENT, False),
        (Reply(429), Retry, Cause.THROTTLED, None),
        (Reply(403), Retry, Cause.THROTTLED, None),
        (Reply(500), Retry, Cause.SERVER_ERROR, None),
        (Reply(503), Retry, Cause.SERVER_ERROR, None),
        (Reply(200, b"<html>Welcome</html>"), Retry, Cause.SERVER_ERROR, None),
        (Reply(204), Retry, Cause.SERVER_ERROR, None),
        (Reply(fault="drop"), Retry, Cause.DISCONNECTED, None),
    ],
)
def test_each_answer_has_its_outcome(pagerduty, reply, kind, cause, disables):
    pagerduty.answers = [reply] * 2
    outcome = send()
    assert (type(outcome), outcome.cause) == (kind, cause)
    assert getattr(outcome, "disable_destination", None) is disables


def test_of_a_refusal_the_fields_are_named_and_nothing_else(pagerduty):
    pagerduty.answers = [
        refusal("'payload.severity' is invalid", "'links' is odd", f"'links' of <b>{KEY}</b> 'evil'")
    ]
    assert send().detail == "PagerDuty answered that the event is invalid: payload.severity, links."


@pytest.mark.parametrize(
    "reply", [Reply(202), Reply(202, b"<html>"), Reply(200, b'{"status": "success", "dedup_key": "x"}')]
)
def test_what_is_taken_is_sent_under_our_own_name(pagerduty, reply):
    pagerduty.answers = [reply]
    assert send(group_key="g") == Sent("acme/g")


def test_an_unknown_key_is_told_to_its_owner_with_what_to_do(pagerduty):
    pagerduty.keys = {OTHER}
    outcome = send()
    assert outcome.disable_destination
    assert "Copy its key again" in outcome.detail
    assert KEY not in outcome.detail


@pytest.mark.parametrize(("headers", "after"), [({}, 60.0), ({"Retry-After": "7"}, 7.0)])
def test_a_limit_of_one_key_holds_no_other(pagerduty, headers, after):
    pagerduty.keys.add(OTHER)
    pagerduty.answers = [Reply(429, headers=headers)]
    assert send() == Retry(Cause.THROTTLED, "PagerDuty answered 429.", after)
    assert isinstance(send(), Later)
    assert isinstance(send(given={"routing_key": OTHER}), Sent)
    assert len(pagerduty.events) == 2


def test_a_lost_answer_makes_no_second_alert(pagerduty):
    pagerduty.answers = [LOST]
    send()
    assert send(attempt=2) == Sent(make_message().key)
    [[alert]] = pagerduty.alerts.values()
    assert len(alert.events) > 1


def test_the_next_of_an_alert_goes_once_the_first_is_answered(pagerduty):
    class OneByOne(PagerdutyChannel):
        batch_size = 1

    made = [make_message(GIVEN, delivery_id=n, group_key="g") for n in (1, 2, 3)]
    answered = [outcome for _, outcome in OneByOne().send_batch(ListFeed(made[:2], made[2:]))]
    assert answered == [Sent("acme/g")] * 3


def test_each_region_has_its_host_and_the_operator_may_name_another(settings):
    settings.TOCSIN = {}
    asked = {region: build(make_message(GIVEN | given)).url for region, given in (
        ("us", {}), ("us too", {"region": "us"}), ("eu", {"region": "eu"}),
    )}  # fmt: skip
    assert asked == {
        "us": "https://events.pagerduty.com/v2/enqueue",
        "us too": "https://events.pagerduty.com/v2/enqueue",
        "eu": "https://events.eu.pagerduty.com/v2/enqueue",
    }
    assert set(HOSTS) == {value for value, _ in channel.form.base_fields["region"].choices}
    settings.TOCSIN = {"PAGERDUTY_URL": "https://proxy.example/pd"}
    assert build(make_message(GIVEN | {"region": "eu"})).url == "https://proxy.example/pd/v2/enqueue"


def test_the_key_alone_is_the_address_and_nothing_shows_it():
    plain = clean_settings(channel.form, GIVEN)
    told = clean_settings(channel.form, GIVEN | {"region": "eu", "source": "shop.example", "group": "prod"})
    assert plain.identity == told.identity != clean_settings(channel.form, {"routing_key": OTHER}).identity
    assert plain.identity.startswith("sha256:")
    assert channel.target_label(GIVEN) == "PagerDuty"
    assert channel.target_label(GIVEN | {"source": "shop.example"}) == "PagerDuty · shop.example"
    assert channel.target_label(GIVEN | {"group": "prod"}) == "PagerDuty · prod"


@pytest.mark.parametrize("key", ["u+fZ8s3-FSqzAbcdEfgh", KEY * 2])
def test_another_kind_of_key_is_refused_with_the_remedy(key):
    with pytest.raises(InvalidInput, match="integration of the type Events API v2") as caught:
        clean_settings(channel.form, {"routing_key": key})
    assert [found.field for found in caught.value.errors] == ["settings.routing_key"]
    assert key not in str(caught.value)
