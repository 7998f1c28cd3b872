"""Rules that wire a trigger to a service and a target, against the far sides they are for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model

import tests.path.wirings  # noqa: F401 (it registers what a package would)
import tocsin
from tests.channels.email.mails import SMTP, use_backend
from tests.servers.http_sink import HttpSink, Reply
from tests.servers.slack import TOKEN, SlackServer
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin import checks, pipeline
from tocsin.channels import registry
from tocsin.deliveries import story
from tocsin.deliveries.explain import explain
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.errors import InvalidInput
from tocsin.events.models import Event
from tocsin.recipients.destinations import add_destination
from tocsin.rules import registrations, save
from tocsin.rules.spec import Place
from tocsin.tenants.models import Membership, Organization, Project, Team, TeamMember
from tocsin.tenants.scope import OPERATOR
from tocsin.testing import deliver_now, frozen

if TYPE_CHECKING:
    from tocsin.rules.models import Rule

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def acme():
    return Organization.objects.create(slug="acme")


def rule(acme, name: str = "wired", **given: Any) -> Rule:
    return save.save({"name": name, **given}, Place(acme.pk), "user root")


def say(type_: str, **fields: Any) -> list[Delivery]:
    event = tocsin.notify(type_, title=fields.pop("title", "x"), organization="acme", **fields)
    deliver_now()
    return list(Delivery.objects.filter(event=event.id).order_by("pk"))


@pytest.fixture
def slack(settings):
    with SlackServer() as server:
        settings.AUDIT_SLACK_URL, settings.AUDIT_SLACK_TOKEN = server.api_url, TOKEN
        settings.TOCSIN = {**settings.TOCSIN, "SLACK_API_URL": server.api_url}
        yield server


@pytest.fixture
def far_side(settings):
    with HttpSink([Reply(201, b'{"id": "10000", "key": "SHOP-24", "self": "x"}')]) as sink:
        settings.JIRA_URL = settings.GITHUB_URL = sink.url
        settings.JIRA_USER, settings.JIRA_TOKEN, settings.GITHUB_TOKEN = "bot", "s3cret", "ghp_s3cret"
        yield sink


JIRA = {
    "event_types": ["feedback:new"],
    "service": "jira",
    "target": "issue-tracker",
    "target_identifier": "SHOP",
}


def test_audit_entries_go_to_a_slack_channel(acme, slack) -> None:
    made = rule(acme, event_types=["audit:*"], service="slack", target="specific", target_identifier="#ops")
    [delivery] = say("audit:key:made", title="A key was made", actor="ana")
    assert slack.sink.requests[0].path == "/api/chat.postMessage"
    assert json.loads(slack.sink.requests[0].body) == {"channel": "#ops", "text": "ana: A key was made"}
    assert (delivery.channel, delivery.identity, delivery.state) == ("action", f"rule:{made.pk}", "sent")
    assert (delivery.layer, delivery.rule_version, delivery.user_id) == (f"rule:{made.pk}@1", 1, None)


def test_feedback_becomes_a_jira_issue(acme, far_side) -> None:
    rule(acme, **JIRA)
    [delivery] = say("feedback:new", title="The button is too small", body="Really.")
    [request] = far_side.requests
    assert (request.method, request.path) == ("POST", "/rest/api/2/issue")
    fields = json.loads(request.body)["fields"]
    assert (fields["project"], fields["summary"], fields["description"]) == (
        {"key": "SHOP"},
        "The button is too small",
        "Really.",
    )
    assert request.headers["authorization"] == "Basic Ym90OnMzY3JldA=="
    assert (delivery.state, delivery.provider_id) == ("sent", "SHOP-24")


def test_a_release_starts_a_workflow_on_github(acme, far_side) -> None:
    far_side.script = [Reply(204)]
    made = {
        "event_types": ["release:published"],
        "service": "github",
        "target": "specific",
        "target_identifier": "acme/shop",
    }
    rule(acme, name="tell CI", **made)
    [delivery] = say("release:published", data={"version": "1.2.0"})
    [request] = far_side.requests
    assert request.path == "/repos/acme/shop/dispatches"
    assert json.loads(request.body) == {
        "event_type": "release",
        "client_payload": {"version": "1.2.0", "by": "tell CI"},
    }
    assert delivery.state == "sent"


def test_a_quota_notice_goes_to_an_address_that_is_no_user(acme, settings) -> None:
    made = {
        "event_types": ["quota:*"],
        "service": "email",
        "target": "specific",
        "target_identifier": "billing@customer.example",
    }
    rule(acme, **made)
    with SmtpCatcher() as relay:
        use_backend(settings, SMTP, host=relay.host, port=relay.port)
        [delivery] = say("quota:reached", title="90 % are used")
        [mail] = relay.accepted
    assert mail.recipients == ["billing@customer.example"]
    assert "90 % are used" in mail.parsed["subject"]
    assert (delivery.channel, delivery.identity) == ("email", "billing@customer.example")


def test_notices_of_a_project_go_to_a_slack_channel_and_not_to_its_team(acme, slack) -> None:
    ana = User.objects.create_user("ana")
    Membership.objects.create(organization=acme, user=ana)
    TeamMember.objects.create(team=Team.objects.create(organization=acme, slug="web"), user=ana)
    Project.objects.create(organization=acme, slug="web")
    room = add_destination(acme, "slack", {"token": TOKEN, "channel": "#ops"})
    rule(
        acme,
        event_types=["project:*"],
        projects=["web"],
        service="slack",
        target="destination",
        target_identifier=str(room.pk),
    )
    [delivery] = say("project:notice", title="Deployed", project="web")
    assert (delivery.destination_id, delivery.state, delivery.user_id) == (room.pk, "sent", None)
    assert "Deployed" in slack.shown(next(iter(slack.messages)))
    assert say("project:notice", title="Elsewhere") == []


def test_what_fails_is_tried_again_and_says_why(acme, far_side) -> None:
    far_side.script = [Reply(503)]
    rule(acme, **JIRA)
    [delivery] = say("feedback:new")
    assert (delivery.state, delivery.attempt) == ("retrying", 1)
    assert Attempt.objects.get().cause == "server_error"


def test_code_that_raises_costs_only_its_own_delivery(acme, far_side) -> None:
    far_side.script = [Reply(200, b"no json")]
    rule(acme, **JIRA)
    [delivery] = say("feedback:new")
    assert (delivery.state, Attempt.objects.get().cause) == ("retrying", "bug")


def test_a_rule_that_is_deleted_meanwhile_is_not_carried_out(acme, far_side) -> None:
    made = rule(acme, **JIRA)
    far_side.script = [Reply(503)]
    [delivery] = say("feedback:new")
    save.delete(made, "user root")
    Delivery.objects.update(due_at="2020-01-01T00:00:00Z")
    deliver_now()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("skipped", "rule_gone")


def test_code_that_is_gone_meanwhile_is_said(acme, far_side, monkeypatch) -> None:
    rule(acme, **JIRA)
    far_side.script = [Reply(503)]
    [delivery] = say("feedback:new")
    monkeypatch.setattr(registrations, "_actions", {})
    Delivery.objects.update(due_at="2020-01-01T00:00:00Z")
    deliver_now()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("skipped", "action_gone")


def test_it_is_carried_out_as_the_rule_was_when_the_event_met_it(acme, far_side) -> None:
    made = rule(acme, **JIRA)
    far_side.script = [Reply(503), Reply(201, b'{"key": "SHOP-25"}')]
    say("feedback:new")
    save.save({"name": "wired", **JIRA, "target_identifier": "OTHER"}, Place(acme.pk), "x", made)
    Delivery.objects.update(due_at="2020-01-01T00:00:00Z")
    deliver_now()
    assert [json.loads(one.body)["fields"]["project"]["key"] for one in far_side.requests] == ["SHOP", "SHOP"]


def test_code_that_is_gone_before_planning_is_said(acme, far_side, monkeypatch) -> None:
    rule(acme, **JIRA)
    monkeypatch.setattr(registrations, "_actions", {})
    [delivery] = say("feedback:new")
    assert (delivery.state, delivery.reason) == ("skipped", "action_gone")
    said = explain(Event.objects.get(pk=delivery.event_id)).sentences
    assert any("Nothing is registered for jira and issue-tracker any more" in one for one in said)


def test_code_that_comes_back_after_planning_changes_nothing_of_the_story(
    acme, far_side, monkeypatch
) -> None:
    made = rule(acme, **JIRA)
    [delivery] = say("feedback:new")
    monkeypatch.setattr(registrations, "_actions", {})
    said = explain(Event.objects.get(pk=delivery.event_id)).sentences
    assert any(f"“rule:{made.pk}@1” is for the code that is registered for it." in one for one in said)


def test_what_was_put_off_is_carried_out_each_for_itself(acme, far_side) -> None:
    far_side.script = [Reply(201, b'{"key": "SHOP-1"}'), Reply(201, b'{"key": "SHOP-2"}')]
    rule(acme, **JIRA, hours={"quiet": [{"days": ["mon"], "from": "00:00", "to": "07:00"}]})
    night = datetime(2037, 11, 23, 3, tzinfo=UTC)
    with frozen(night):
        rows = say("feedback:new", title="one") + say("feedback:new", title="two")
    assert {row.state for row in rows} == {"deferred"}
    with frozen(night + timedelta(hours=4)):
        deliver_now()
    assert sorted(json.loads(one.body)["fields"]["summary"] for one in far_side.requests) == ["one", "two"]
    assert list(Delivery.objects.values_list("state", flat=True)) == ["sent", "sent"]


def test_the_ledger_and_explain_speak_of_it(acme, far_side) -> None:
    made = rule(acme, name="Feedback to Jira", **JIRA)
    [delivery] = say("feedback:new")
    [line] = story.lines(OPERATOR).items
    assert (line.channel, line.label) == ("action", "Feedback to Jira")
    said = explain(Event.objects.get(pk=delivery.event_id)).sentences
    assert f"“rule:{made.pk}@1” is carried out by the code that is registered for it." in said


def test_what_nothing_is_registered_for_is_sent_as_any_other_and_says_so(acme) -> None:
    given = {
        "event_types": ["quota:*"],
        "service": "memory",
        "target": "specific",
        "target_identifier": "ops",
    }
    made = rule(acme, **given)
    assert "Nothing is registered for memory and specific" in registrations.note_of(save.spec_of(made))
    [delivery] = say("quota:reached")
    said = explain(Event.objects.get(pk=delivery.event_id)).sentences
    assert any("Nothing is registered for memory and specific" in sentence for sentence in said)


@pytest.mark.parametrize(("forced", "channels"), [("", ["action"]), ("jira", ["action"]), ("memory", [])])
def test_a_forced_channel_is_no_reason_to_do_something_else(acme, far_side, forced, channels) -> None:
    rule(acme, **JIRA)
    if forced == "jira":  # a service that is no channel cannot be forced
        with pytest.raises(InvalidInput):
            say("feedback:new", channel=forced)
        return
    assert [one.channel for one in say("feedback:new", channel=forced)] == channels


def test_simulation_says_that_it_would_be_carried_out(acme, far_side) -> None:
    rule(acme, name="Feedback to Jira", **JIRA)
    found = pipeline.simulate({"type": "feedback:new", "title": "x", "organization": "acme"})
    assert [(one.name, one.channel, one.state) for one in found.told] == [
        ("Feedback to Jira", "action", "sent")
    ]
    assert not far_side.requests


def test_nobody_can_choose_the_channel_of_actions(acme) -> None:
    assert "action" not in registry.channels()
    for given in ({"to": ["user:ana"], "channels": ["action"]}, {"to": ["action:1"]}):
        with pytest.raises(InvalidInput):
            rule(acme, event_types=["drill"], **given)
    with pytest.raises(InvalidInput):
        tocsin.notify("drill", title="x", channel="action")
    with pytest.raises(InvalidInput):
        add_destination(acme, "action", {})


def test_what_is_registered_passes_the_checks() -> None:
    assert checks.check_registrations() == []
