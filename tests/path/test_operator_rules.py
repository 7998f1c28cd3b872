"""The operator's rules all the way: heard by every organization's events, sent by the settings of now."""

from __future__ import annotations

import pytest
from django.apps import apps

import tocsin
from tests.channels.email.mails import SMTP, use_backend
from tests.servers.slack import TOKEN, SlackServer
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Cause, Rejected, Retry
from tocsin.deliveries import story
from tocsin.deliveries.explain import explain
from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.tenants.models import Organization
from tocsin.tenants.scope import OPERATOR, Scope
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

TASK = "task:finished"


@pytest.fixture(autouse=True)
def memory():
    MemoryChannel.clear()
    yield MemoryChannel
    MemoryChannel.clear()


@pytest.fixture
def rules(settings):
    def put(*given, **more):
        settings.TOCSIN = {**settings.TOCSIN, "RULES": list(given), **more}

    return put


def ops(name: str = "ops", **more) -> dict:
    return {"name": name, "channel": "memory", "event_types": ["task:*"], "settings": {"name": "ops"}, **more}


def say(**fields) -> list[Delivery]:
    event = tocsin.notify(fields.pop("type", TASK), title="The backup", **fields)
    deliver_now()
    return list(Delivery.objects.filter(event=event.id).order_by("pk"))


def test_three_handlers_hear_at_three_levels(rules, settings) -> None:
    with SlackServer() as slack, SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        rules(
            ops("all", level="ok"),
            ops("chat", channel="slack", level="warnings", settings={"token": TOKEN, "channel": "#ops"}),
            ops(
                "mail",
                channel="email",
                level="failed",
                settings={"recipients": "a@example.org, b@example.org"},
            ),
            SLACK_API_URL=slack.api_url,
        )
        told = {
            level: sorted(one.layer for one in say(level=level)) for level in ("ok", "warnings", "failed")
        }
        assert told == {
            "ok": ["settings:all"],
            "warnings": ["settings:all", "settings:chat"],
            "failed": ["settings:all", "settings:chat", "settings:mail", "settings:mail"],
        }
        assert len(slack.messages) == 2
        assert sorted(mail.recipients[0] for mail in relay.accepted) == ["a@example.org", "b@example.org"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_events_of_every_organization_are_heard(rules) -> None:
    rules(ops())
    for slug in ("acme", "rival"):
        Organization.objects.create(slug=slug)
        [delivery] = say(organization=slug)
        assert (delivery.organization.slug, delivery.user_id, delivery.destination_id) == (slug, None, None)
        assert (delivery.destination_ref, delivery.label) == ("settings:ops#0", "ops")


def test_other_types_and_values_are_not_heard(rules) -> None:
    rules(ops(condition={"field": "data.host", "op": "is", "value": "db1"}))
    assert say(type="drill") == []
    assert say(data={"host": "web1"}) == []
    assert len(say(data={"host": "db1"})) == 1


def test_two_rules_to_one_place_are_one_message(rules) -> None:
    rules(ops("first"), ops("second"))
    [delivery] = say()
    assert delivery.layer == "settings:first"
    assert len(MemoryChannel.sent) == 1


@pytest.mark.parametrize(("forced", "number"), [("memory", 1), ("email", 0)])
def test_a_forced_channel_leaves_the_rules_that_are_on_it(rules, forced, number) -> None:
    rules(ops())
    assert len(say(channel=forced)) == number


def failed_once(rules) -> Delivery:
    rules(ops())
    MemoryChannel.script = lambda message: Retry(Cause.TIMEOUT, after=0.0)
    [delivery] = say()
    MemoryChannel.script = None
    Delivery.objects.update(due_at="2020-01-01T00:00:00Z")
    return delivery


@pytest.mark.parametrize(
    "then",
    [
        [],
        [ops(settings={"name": "elsewhere"})],
        [ops(active=False)],
        [ops("renamed")],
        [ops(settings={"name": ""})],
    ],
)
def test_what_is_not_in_the_settings_any_more_is_not_sent(rules, then) -> None:
    delivery = failed_once(rules)
    rules(*then)
    deliver_now()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("skipped", "rule_gone")


def test_other_settings_of_the_same_place_are_used(rules) -> None:
    delivery = failed_once(rules)
    rules(ops(settings={"name": "ops", "fail": "reject"}))
    deliver_now()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("dead", "rejected")


def test_secrets_are_nowhere_in_the_database(rules) -> None:
    with SlackServer() as slack:
        rules(ops(channel="slack", settings={"token": TOKEN, "channel": "#ops"}), SLACK_API_URL=slack.api_url)
        [delivery] = say()
    assert delivery.state == "sent"
    rows = [repr(model.objects.values_list()) for model in apps.get_app_config("tocsin").get_models()]
    assert not [row for row in rows if TOKEN in row or "s3cret" in row]
    assert TOKEN not in repr(story.lines(OPERATOR).items)


def test_a_far_side_that_is_gone_for_good_is_told_to_the_operator(rules, caplog) -> None:
    rules(ops(settings={"name": "ops", "fail": "gone"}))
    MemoryChannel.script = lambda message: Rejected(Cause.GONE, disable_destination=True)
    [delivery] = say()
    assert delivery.state == "dead"
    assert "settings:ops#0 says for good" in caplog.text


def test_explain_tells_the_operator_which_rules_did_not_apply_and_nobody_else(rules) -> None:
    acme = Organization.objects.create(slug="acme")
    rules(ops(), ops("quiet", level="failed"))
    [delivery] = say(organization="acme")
    event = Event.objects.get(pk=delivery.event_id)
    said = explain(event).sentences
    assert "“settings:ops” is the operator's, and tells by memory." in said
    assert "settings:quiet “quiet” did not apply: It wants critical at least; this is info." in said
    theirs = explain(event, scope=Scope(frozenset({acme.pk}), permissions=frozenset({"admin"}))).sentences
    assert not [sentence for sentence in theirs if "quiet" in sentence]


def test_simulation_knows_them(rules) -> None:
    rules(ops())
    found = pipeline.simulate({"type": TASK, "title": "x"})
    assert [(one.name, one.layer, one.state) for one in found.told] == [("ops", "settings:ops", "sent")]


def test_hours_of_the_operator_are_kept_too(rules) -> None:
    rules(ops(hours={"open": [{"days": ["mon"], "from": "00:00", "to": "00:01"}]}))
    [delivery] = say()
    assert (delivery.state, delivery.reason) == ("deferred", "window_closed")
