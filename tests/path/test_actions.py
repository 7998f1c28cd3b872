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
from tests.servers.github import TOKEN as GITHUB_TOKEN
from tests.servers.github import GitHub
from tests.servers.http_sink import Reply
from tests.servers.jira import JiraServer
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


AUDIT = {
    "event_types": ["audit:*"],
    "service": "slack",
    "target": "specific",
    "target_identifier": "#ops",
}


def to_destination(acme, channel: str, given: dict[str, Any], **fields: Any) -> int:
    """A rule for a destination of the organization; its number."""
    made = add_destination(acme, channel, given)
    rule(acme, service=channel, target="destination", target_identifier=str(made.pk), **fields)
    return made.pk


def lines(slack: SlackServer) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in slack.sink.requests]


def test_audit_entries_go_to_a_slack_channel(acme, slack) -> None:
    made = rule(acme, **AUDIT)
    [delivery] = say("audit:key:made", title="A key was made", actor="ana")
    assert slack.sink.requests[0].path == "/api/chat.postMessage"
    assert lines(slack) == [{"channel": "#ops", "text": "ana: A key was made"}]
    assert (delivery.channel, delivery.identity, delivery.state) == ("action", f"rule:{made.pk}", "sent")
    assert (delivery.layer, delivery.rule_version, delivery.user_id) == (f"rule:{made.pk}@1", 1, None)
    assert delivery.provider_id in "".join(slack.messages)


def test_a_registration_knows_the_rule_and_its_options(acme, slack) -> None:
    rule(acme, name="tell ops", options={"signed": True}, **AUDIT)
    say("audit:login", title="Signed in", actor="ana")
    assert [line["text"] for line in lines(slack)] == ["ana: Signed in (tell ops)"]


def test_a_registration_judges_its_rules_and_offers_what_they_may_name(acme) -> None:
    with pytest.raises(InvalidInput) as refused:
        rule(acme, **AUDIT | {"target_identifier": "ops"})
    assert [error.field for error in refused.value.errors] == ["target_identifier"]
    add_destination(acme, "slack", {"token": TOKEN, "channel": "#audit"})
    [offer] = [one for one in registrations.available(acme.pk) if one["service"] == "slack"]
    assert offer["available"] == [{"target_identifier": "#audit", "label": "#audit of acme"}]


@pytest.mark.parametrize("cloud", [True, False])
def test_feedback_becomes_a_jira_issue_that_is_closed_with_it(acme, cloud) -> None:
    with JiraServer(cloud=cloud) as jira:
        pk = to_destination(acme, "jira", jira.settings, event_types=["feedback:*"])
        [delivery] = say("feedback:new", title="The button is too small", body="Really.", group_key="f/7")
        fields = jira.issues["OPS-1"]["fields"]
        assert (fields["project"], fields["summary"]) == ({"key": "OPS"}, "The button is too small")
        assert "Really." in jira.shown("OPS-1")
        assert (delivery.state, delivery.provider_id, delivery.destination_id) == ("sent", "OPS-1", pk)
        say("feedback:new", title="It is larger now", group_key="f/7", status="resolved")
        assert (list(jira.issues), jira.status("OPS-1")) == (["OPS-1"], "Done")
        assert jira.refused == []


def test_a_release_starts_a_workflow_on_github(acme, settings) -> None:
    given = {"repository": "acme/web", "token": GITHUB_TOKEN, "mode": "dispatch", "event_type": "release"}
    with GitHub() as github:
        settings.TOCSIN = {**settings.TOCSIN, "GITHUB_API_URL": github.api_url}
        pk = to_destination(acme, "github", given, event_types=["release:published"])
        [delivery] = say("release:published", data={"version": "1.2.0"})
        assert github.calls == ["POST dispatches"]
        [sent] = github.dispatches
        assert sent["event_type"] == "release"
        assert sent["client_payload"]["event"]["data"] == {"version": "1.2.0"}
        assert (delivery.channel, delivery.state, delivery.destination_id) == ("github", "sent", pk)
        assert github.refused == []


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
    given = {"token": TOKEN, "channel": "#ops"}
    pk = to_destination(acme, "slack", given, event_types=["project:*"], projects=["web"])
    [delivery] = say("project:notice", title="Deployed", project="web")
    assert (delivery.destination_id, delivery.state, delivery.user_id) == (pk, "sent", None)
    assert "Deployed" in slack.shown(next(iter(slack.messages)))
    assert say("project:notice", title="Elsewhere") == []


def test_what_fails_is_tried_again_and_says_why(acme, slack) -> None:
    slack.answers = [Reply(503)]
    rule(acme, **AUDIT)
    [delivery] = say("audit:login")
    assert (delivery.state, delivery.attempt) == ("retrying", 1)
    assert Attempt.objects.get().cause == "server_error"


def test_what_is_refused_is_not_tried_again(acme, slack) -> None:
    slack.answers = ["channel_not_found"]
    rule(acme, **AUDIT)
    [delivery] = say("audit:login")
    assert (delivery.state, delivery.reason) == ("dead", "rejected")
    assert Attempt.objects.get().detail == "channel_not_found"


def test_code_that_raises_costs_only_its_own_delivery(acme, slack) -> None:
    slack.answers = [Reply(200, b"no json")]
    rule(acme, **AUDIT)
    [delivery] = say("audit:login")
    assert (delivery.state, Attempt.objects.get().cause) == ("retrying", "bug")


def test_a_rule_that_is_deleted_meanwhile_is_not_carried_out(acme, slack) -> None:
    made = rule(acme, **AUDIT)
    slack.answers = [Reply(503)]
    [delivery] = say("audit:login")
    save.delete(made, "user root")
    Delivery.objects.update(due_at="2020-01-01T00:00:00Z")
    deliver_now()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("skipped", "rule_gone")


def test_code_that_is_gone_meanwhile_is_said(acme, slack, monkeypatch) -> None:
    rule(acme, **AUDIT)
    slack.answers = [Reply(503)]
    [delivery] = say("audit:login")
    monkeypatch.setattr(registrations, "_actions", {})
    Delivery.objects.update(due_at="2020-01-01T00:00:00Z")
    deliver_now()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("skipped", "action_gone")


def test_it_is_carried_out_as_the_rule_was_when_the_event_met_it(acme, slack) -> None:
    made = rule(acme, **AUDIT)
    slack.answers = [Reply(503)]
    say("audit:login")
    save.save({"name": "wired", **AUDIT, "target_identifier": "#other"}, Place(acme.pk), "x", made)
    Delivery.objects.update(due_at="2020-01-01T00:00:00Z")
    deliver_now()
    assert [line["channel"] for line in lines(slack)] == ["#ops", "#ops"]


def test_code_that_is_gone_before_planning_is_said(acme, slack, monkeypatch) -> None:
    rule(acme, **AUDIT)
    monkeypatch.setattr(registrations, "_actions", {})
    [delivery] = say("audit:login")
    assert (delivery.state, delivery.reason) == ("skipped", "action_gone")
    said = explain(Event.objects.get(pk=delivery.event_id)).sentences
    assert any("Nothing is registered for slack and specific any more" in one for one in said)


def test_code_that_comes_back_after_planning_changes_nothing_of_the_story(acme, slack, monkeypatch) -> None:
    made = rule(acme, **AUDIT)
    [delivery] = say("audit:login")
    monkeypatch.setattr(registrations, "_actions", {})
    said = explain(Event.objects.get(pk=delivery.event_id)).sentences
    assert any(f"“rule:{made.pk}@1” is for the code that is registered for it." in one for one in said)


def test_what_was_put_off_is_carried_out_each_for_itself(acme, slack) -> None:
    rule(acme, **AUDIT, hours={"quiet": [{"days": ["mon"], "from": "00:00", "to": "07:00"}]})
    night = datetime(2037, 11, 23, 3, tzinfo=UTC)
    with frozen(night):
        rows = say("audit:login", title="one") + say("audit:login", title="two")
    assert {row.state for row in rows} == {"deferred"}
    with frozen(night + timedelta(hours=4)):
        deliver_now()
    assert sorted(line["text"] for line in lines(slack)) == ["somebody: one", "somebody: two"]
    assert list(Delivery.objects.values_list("state", flat=True)) == ["sent", "sent"]


def test_the_ledger_and_explain_speak_of_it(acme, slack) -> None:
    made = rule(acme, name="Audit to Slack", **AUDIT)
    [delivery] = say("audit:login")
    [line] = story.lines(OPERATOR).items
    assert (line.channel, line.label) == ("action", "Audit to Slack")
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


@pytest.mark.parametrize(("forced", "channels"), [("", ["action"]), ("slack", ["action"]), ("memory", [])])
def test_a_forced_channel_is_no_reason_to_do_something_else(acme, slack, forced, channels) -> None:
    rule(acme, **AUDIT)
    assert [one.channel for one in say("audit:login", channel=forced)] == channels


def test_a_service_that_is_no_channel_is_carried_out_and_cannot_be_forced(acme, monkeypatch) -> None:
    for name in ("_actions", "_services", "_targets"):
        monkeypatch.setattr(registrations, name, {})
    tocsin.register_service("siren", "Siren")
    tocsin.register_target("house", "A house")
    heard = []

    @tocsin.register_action(trigger="quota:*", service="siren", target="house")
    class Howl(tocsin.Action):
        def fire(self, data: Any) -> None:
            heard.append((self.rule["target_identifier"], data["rule"]["name"], data["title"]))

    rule(acme, event_types=["quota:*"], service="siren", target="house", target_identifier="7")
    [delivery] = say("quota:reached", title="90 % are used")
    assert (delivery.state, heard) == ("sent", [("7", "wired", "90 % are used")])
    with pytest.raises(InvalidInput):
        say("quota:reached", channel="siren")


def test_simulation_says_that_it_would_be_carried_out(acme, slack) -> None:
    rule(acme, name="Audit to Slack", **AUDIT)
    found = pipeline.simulate({"type": "audit:login", "title": "x", "organization": "acme"})
    assert [(one.name, one.channel, one.state) for one in found.told] == [
        ("Audit to Slack", "action", "sent")
    ]
    assert not slack.sink.requests


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
