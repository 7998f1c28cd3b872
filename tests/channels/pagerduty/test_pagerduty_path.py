"""PagerDuty from `notify` to the alert: groups, what was put off, doubles, and keys that are gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tests.servers.http_sink import Reply
from tests.servers.pagerduty import KEY, LOST, PagerdutyServer
from tocsin.channels import http
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination, Person
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

NIGHT = datetime(2037, 11, 23, 3, tzinfo=UTC)
MORNING = NIGHT + timedelta(hours=4)


@pytest.fixture
def pagerduty(settings):
    with PagerdutyServer() as server:
        settings.TOCSIN = settings.TOCSIN | {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "PAGERDUTY_URL": server.url,
        }
        yield server


@pytest.fixture
def ana(django_user_model, pagerduty):
    user = django_user_model.objects.create_user("ana")
    add_destination(user, "pagerduty", {"routing_key": KEY})
    return user


def say(title: str = "x", **fields) -> Delivery:
    event = tocsin.notify("message:internal", title=title, to=["user:ana"], channel="pagerduty", **fields)
    deliver_now()
    return Delivery.objects.get(event=event.id)


def release() -> None:
    Delivery.objects.exclude(state="sent").update(due_at="2020-01-01T00:00:00Z")
    deliver_now()


def test_a_group_opens_is_acknowledged_is_resolved_and_begins_anew(ana, pagerduty) -> None:
    steps = ("open", "open", "acknowledged", "resolved", "open")
    made = [say(status=status, group_key="disk-db1") for status in steps]
    assert {(one.state, one.provider_id) for one in made} == {("sent", "default/disk-db1")}
    first, second = pagerduty.alerts["default/disk-db1"]
    assert [event["event_action"] for event in first.events] == [
        "trigger",
        "trigger",
        "acknowledge",
        "resolve",
    ]
    assert (first.status, second.status) == ("resolved", "triggered")
    assert (pagerduty.dropped, pagerduty.refused) == ([], [])


def test_what_concerns_one_alert_is_sent_in_its_order(ana, pagerduty) -> None:
    """A resolution that overtook its trigger would leave it open for good: one waits until the other has gone."""
    pagerduty.answers = [Reply(500)]
    steps = ("open", "acknowledged", "resolved")
    for status in steps:
        tocsin.notify("message:internal", title="x", to=["user:ana"], channel="pagerduty",
                      group_key="disk-db1", status=status)  # fmt: skip
    deliver_now()
    assert pagerduty.alerts == {}
    for _ in steps:
        http.forget_rests()
        release()
    [[alert]] = pagerduty.alerts.values()
    assert [event["event_action"] for event in alert.events] == ["trigger", "acknowledge", "resolve"]


def test_what_ends_without_a_group_is_skipped_and_says_why(ana, pagerduty) -> None:
    delivery = say(status="resolved")
    assert (delivery.state, delivery.reason, pagerduty.events) == ("skipped", "nothing_open", [])


def test_what_was_put_off_is_an_alert_for_each_group(ana, pagerduty) -> None:
    Person.objects.create(user=ana, dnd_until=MORNING)
    with frozen(NIGHT):
        rows = [say("Disk", group_key="disk"), say("Load", group_key="load"), say("Host")]
    assert {row.state for row in rows} == {"deferred"}
    with frozen(MORNING):
        deliver_now()
    assert len(pagerduty.alerts) == 3
    assert [pagerduty.alerts[f"default/{key}"][0].titles for key in ("disk", "load")] == [["Disk"], ["Load"]]


def test_a_lost_answer_makes_no_second_alert(ana, pagerduty) -> None:
    pagerduty.answers = [LOST]
    delivery = say()
    release()
    delivery.refresh_from_db()
    [[alert]] = pagerduty.alerts.values()
    assert (delivery.state, len(alert.events) > 1) == ("sent", True)
    assert {event["dedup_key"] for event in alert.events} == {delivery.provider_id}


def test_a_key_that_nobody_knows_disables_its_destination_and_says_what_to_do(ana, pagerduty, caplog) -> None:
    pagerduty.keys.clear()
    delivery = say()
    destination, attempt = Destination.objects.get(), Attempt.objects.get()
    assert (delivery.state, attempt.cause, destination.disabled_at is None) == ("dead", "gone", False)
    assert "Copy its key again" in attempt.detail
    assert KEY not in f"{vars(delivery)} {vars(destination)} {vars(attempt)} {caplog.text}"
    assert say().reason == "destination_disabled"
    assert len(pagerduty.events) == 1


def test_a_limit_lets_the_key_rest_for_the_minute_that_pagerduty_counts_over(ana, pagerduty) -> None:
    pagerduty.answers = [Reply(429)]
    delivery, attempt = say(), Attempt.objects.get()
    assert (delivery.state, attempt.cause) == ("retrying", "throttled")
    assert round((delivery.due_at - attempt.finished_at).total_seconds()) == 60
