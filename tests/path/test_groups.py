"""One story of several events on Slack, PagerDuty, Jira and GitHub: what is shown there in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import tocsin
from tests.servers.github import TOKEN as GITHUB_TOKEN
from tests.servers.github import GitHub
from tests.servers.jira import JiraServer
from tests.servers.pagerduty import KEY, PagerdutyServer
from tests.servers.slack import TOKEN, SlackServer
from tocsin.channels import http
from tocsin.deliveries.models import Budget, Delivery
from tocsin.deliveries.plan import plan
from tocsin.events.models import Event
from tocsin.recipients import destinations
from tocsin.recipients.models import Destination, Person
from tocsin.testing import deliver_now, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

NIGHT = datetime(2037, 11, 23, 3, tzinfo=UTC)
MORNING = NIGHT + timedelta(hours=4)
CHANNELS = ("slack", "pagerduty", "jira", "github")


class Far:
    """The four far sides."""

    def __init__(
        self, slack: SlackServer, pagerduty: PagerdutyServer, jira: JiraServer, github: GitHub
    ) -> None:
        self.slack, self.pagerduty, self.jira, self.github = slack, pagerduty, jira, github

    def issues(self, channel: str) -> list[tuple[bool, list[str]]]:
        """Of each alert or issue, whether it is over, and the titles that it was told."""
        shown = {"pagerduty": self._alerts, "jira": self._of_jira, "github": self._of_github}
        return shown[channel]()

    def roots(self) -> list[tuple[str, list[str]]]:
        """Of each thread in Slack what its root shows, and what answers it."""
        shown = {name: one["text"] for name, one in self.slack.messages.items() if "thread_ts" not in one}
        answers = [one for one in self.slack.messages.values() if "thread_ts" in one]
        return [
            (text, [one["text"] for one in answers if name.endswith(one["thread_ts"])])
            for name, text in shown.items()
        ]

    def _alerts(self) -> list[tuple[bool, list[str]]]:
        alerts = [alert for alerts in self.pagerduty.alerts.values() for alert in alerts]
        return [(alert.status == "resolved", [_bare(title) for title in alert.titles]) for alert in alerts]

    def _of_jira(self) -> list[tuple[bool, list[str]]]:
        return [
            (
                self.jira.status(key) == "Done",
                [_bare(issue["fields"]["summary"]), *map(_first_line, self.jira.comments(key))],
            )
            for key, issue in self.jira.issues.items()
        ]

    def _of_github(self) -> list[tuple[bool, list[str]]]:
        return [
            (issue["state"] == "closed", [issue["title"][2:], *(text[2:] for text in map(_first_line, said))])
            for issue in self.github.issues.values()
            for said in [self.github.said(issue["number"])]
        ]


def _bare(title: str) -> str:
    return title.rpartition("] ")[2]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


@pytest.fixture
def far(settings) -> Iterator[Far]:
    with (
        SlackServer() as slack,
        PagerdutyServer() as pagerduty,
        JiraServer(cloud=True) as jira,
        GitHub() as hub,
    ):
        settings.TOCSIN = settings.TOCSIN | {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "SLACK_API_URL": slack.api_url,
            "PAGERDUTY_URL": pagerduty.url,
            "GITHUB_API_URL": hub.api_url,
        }
        yield Far(slack, pagerduty, jira, hub)
        assert [slack.refused, pagerduty.refused, jira.refused, hub.refused] == [[]] * 4


@pytest.fixture(autouse=True)
def ana(django_user_model, far):
    user = django_user_model.objects.create_user("ana")
    destinations.add_destination(user, "slack", {"token": TOKEN, "channel": "C0123ABCD"})
    destinations.add_destination(user, "pagerduty", {"routing_key": KEY})
    destinations.add_destination(user, "jira", far.jira.settings)
    destinations.add_destination(user, "github", {"repository": "acme/web", "token": GITHUB_TOKEN})
    return user


def say(title: str, status: str = "open", group: str = "a", **fields: Any) -> None:
    """The same on each channel, by events of their own."""
    type_ = fields.pop("type_", "message:internal")
    for channel in CHANNELS:
        tocsin.notify(
            type_, title=title, to=["user:ana"], channel=channel, group_key=group, status=status, **fields
        )


def deliver() -> None:
    """All there is: what waits for an earlier one, or for its turn at GitHub, goes a second later."""
    deliver_now()
    for _ in range(12):
        http.forget_rests()
        Budget.objects.all().delete()
        Delivery.objects.filter(state__in=("pending", "retrying")).update(due_at="2020-01-01T00:00:00Z")
        deliver_now()


def found(channel: str) -> list[tuple[str, str]]:
    return list(Delivery.objects.filter(channel=channel).order_by("pk").values_list("state", "reason"))


def test_a_story_begins_goes_on_ends_and_begins_anew(far) -> None:
    for title, status in (("A", "open"), ("B", "open"), ("C", "open"), ("D", "resolved"), ("E", "open")):
        say(title, status)
        deliver()
    for channel in ("pagerduty", "jira", "github"):
        assert far.issues(channel) == [(True, ["A", "B", "C", "D"]), (False, ["E"])]
    assert far.roots() == [("[resolved] D", ["B", "C", "[resolved] D"]), ("E", [])]


def test_a_story_that_comes_all_at_once_ends_as_it_happened(far) -> None:
    """The gravest are planned first: its resolution must not close what began after it."""
    say("A", level="error")
    say("B", "resolved")
    say("C", level="error")
    deliver()
    for channel in ("pagerduty", "jira", "github"):
        assert far.issues(channel) == [(True, ["A", "B"]), (False, ["C"])]
    assert far.roots() == [("[resolved] B", ["[resolved] B"]), ("[error] C", [])]


def test_what_was_put_off_is_told_to_the_issue_of_its_own_group(ana, far) -> None:
    """One issue of several groups could be closed by none of them; one of several events without a group neither."""
    say("A1")
    deliver()
    Person.objects.create(user=ana, dnd_until=MORNING)
    with frozen(NIGHT):
        for title, group in (("A2", "a"), ("B1", "b"), ("C1", ""), ("B2", "b"), ("D1", "")):
            say(title, group=group)
        deliver_now()
    with frozen(MORNING):
        deliver()
        say("B3", "resolved", group="b")
        say("A3", "resolved")
        deliver()
    for channel in ("jira", "github"):
        told = sorted((titles[0][:2], is_over, len(titles)) for is_over, titles in far.issues(channel))
        assert told == [("A1", True, 3), ("B1", True, 2), ("C1", False, 1), ("D1", False, 1)]
    alerts = sorted((titles[0][:2], is_over, len(titles)) for is_over, titles in far.issues("pagerduty"))
    assert alerts == [("A1", True, 3), ("B1", True, 3), ("C1", False, 1), ("D1", False, 1)]


def test_the_first_message_in_slack_never_shows_an_older_state(ana, far) -> None:
    tocsin.event_type("test:night", label="At night", critical_passes=True)
    Person.objects.create(user=ana, dnd_until=MORNING)
    with frozen(NIGHT):
        say("Disk at 80 %", level="warning", type_="test:night")
        deliver_now()
        say("Disk is full", level="critical", type_="test:night")
        deliver_now()
    with frozen(MORNING):
        deliver()
    assert far.roots() == [("[critical] Disk is full", ["Disk at 80 %"])]


def test_of_several_that_were_put_off_the_first_message_in_slack_shows_the_last(ana, far) -> None:
    tocsin.event_type("test:night", label="At night", critical_passes=True)
    Person.objects.create(user=ana, dnd_until=MORNING)
    with frozen(NIGHT):
        for title, level in (
            ("Disk at 80 %", "info"),
            ("Disk is full", "critical"),
            ("Disk at 60 %", "info"),
        ):
            say(title, level=level, type_="test:night")
            deliver_now()
    with frozen(MORNING):
        deliver()
    assert far.roots() == [("Disk at 60 %", ["Disk at 80 % (and 1 more)"])]


def test_what_somebody_closed_by_hand_and_is_over_begins_anew(far) -> None:
    say("A")
    deliver()
    far.jira.issues["OPS-1"]["status"] = "Done"
    far.github.close(1, ago=timedelta(hours=1))
    say("B", "resolved")
    deliver()
    say("C")
    deliver()
    for channel in ("jira", "github"):
        assert found(channel)[1] == ("skipped", "nothing_open")
        assert far.issues(channel) == [(True, ["A"]), (False, ["C"])]


def test_an_issue_of_the_same_name_at_another_site_is_left_alone(far) -> None:
    """Jira counts from 1 everywhere: OPS-1 of the new site is somebody else's."""
    say("A")
    deliver()
    say("B", "resolved")
    plan(200)
    with JiraServer(cloud=True) as other:
        theirs = {"id": "10000", "status": "To Do", "fields": {"summary": "Theirs", "labels": []}}
        other.issues["OPS-1"] = theirs | {"comments": [], "properties": {}}
        destinations.change(Destination.objects.get(channel="jira"), other.settings)
        deliver()
        assert (other.status("OPS-1"), other.comments("OPS-1")) == ("To Do", [])
    assert found("jira")[1] == ("skipped", "nothing_open")


def test_what_the_ledger_has_forgotten_is_closed_all_the_same(far) -> None:
    say("A")
    deliver()
    Delivery.objects.all().delete()
    Event.objects.all().delete()
    say("B", "resolved")
    deliver()
    for channel in ("pagerduty", "jira", "github"):
        assert far.issues(channel) == [(True, ["A", "B"])]
    assert far.roots() == [("A", []), ("[resolved] B", [])]


def test_a_destination_that_leads_elsewhere_begins_anew_there(far) -> None:
    far.slack.channels["C0456EFGH"] = "C0456EFGH"
    say("A")
    deliver()
    say("B")
    plan(200)
    found_there = Destination.objects.get(channel="slack")
    destinations.change(found_there, {"token": TOKEN, "channel": "C0456EFGH"})
    deliver()
    assert far.roots() == [("A", []), ("B", [])]
    assert [name.partition("/")[0] for name in far.slack.messages] == ["C0123ABCD", "C0456EFGH"]
