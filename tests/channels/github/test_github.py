"""Issues at a loopback GitHub that keeps what it is told and refuses what GitHub would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

import tocsin
from tests.channels.github.given import AS_APP, BY_TOKEN, DISPATCH, FIRST, THREAD, send
from tests.servers.github import error
from tests.servers.http_sink import Reply
from tocsin.channels.base import Moot, Retry, Sent
from tocsin.channels.forms import clean_settings
from tocsin.channels.github import GithubChannel
from tocsin.deliveries.models import Delivery
from tocsin.levels import Level
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.testing import deliver_now, frozen, make_message

START = datetime(2037, 3, 2, 9, 0, tzinfo=UTC)


def test_an_event_is_an_issue_with_its_level_its_text_and_its_links(github):
    given = BY_TOKEN | {"labels": "alert, on call"}
    title = "Disk <full> & 'hot'"
    assert send(given=given, group_key="", level=Level.ERROR, title=title, project="web") == FIRST
    issue = github.issues[1]
    assert issue["title"] == "■ " + title
    assert issue["labels"] == ["alert", "on call"]
    shown = github.shown(1).split("\n")
    assert shown[1] == "■ " + title
    assert "1 200 €, see the invoice." in shown
    assert shown[-2:] == ["Open", "Error · Invoice paid · acme · web"]
    assert "**1 200 €**, see the [invoice](<https://shop.example/invoices/42>)." in issue["body"]
    assert issue["body"].endswith(f"<!-- tocsin:{make_message().key} -->")


def test_two_ungrouped_events_are_two_issues(github):
    assert send(group_key="") == FIRST
    assert send(group_key="", delivery_id=2) == Sent("acme/web/issues/2")
    assert github.calls == ["POST issues"] * 2


def test_a_group_is_one_issue_that_is_commented_on_and_closed(github):
    assert send(title="Disk at 91 %") == FIRST
    assert send(title="Disk at 97 %", thread=THREAD, action="update", delivery_id=2) == FIRST
    assert send(title="Ana is at it", thread=THREAD, action="acknowledge", delivery_id=3) == FIRST
    assert github.issues[1]["state"] == "open"
    assert send(title="Disk at 40 %", thread=THREAD, action="resolve", delivery_id=4) == FIRST
    assert (github.issues[1]["state"], github.issues[1]["state_reason"]) == ("closed", "completed")
    assert [text.split("\n")[0] for text in github.said(1)] == [
        "● Disk at 97 %",
        "● Ana is at it",
        "✔ Disk at 40 %",
    ]
    assert "Acknowledged · Info" in github.said(1)[1]
    assert github.calls[-3:] == ["GET issues/1", "PATCH issues/1", "POST issues/1/comments"]


@pytest.mark.parametrize("action", ["update", "resolve"])
def test_a_group_is_found_by_its_mark_where_the_ledger_knows_no_thread(github, action):
    send()
    send(organization="other", delivery_id=2)
    assert send(action=action, delivery_id=3) == FIRST
    assert send(action=action, delivery_id=4, organization="other") == Sent("acme/web/issues/2")
    assert len(github.issues) == 2


def test_a_group_is_found_behind_three_hundred_younger_issues_but_no_more(github):
    send()
    for number in range(2, 301):
        github.issues[number] = github.issues[1] | {"number": number, "body": None}
    assert send(delivery_id=2) == FIRST
    assert github.calls.count("GET issues") == 4


def test_of_two_issues_with_one_mark_the_older_is_the_groups(github):
    send()
    github.issues[2] = github.issues[1] | {"number": 2}
    assert send(delivery_id=2) == FIRST


def test_a_pull_request_that_bears_the_mark_is_no_issue(github):
    send()
    github.issues[2] = github.issues[1] | {"number": 2}
    github.issues[1]["pull_request"] = {}
    assert send(delivery_id=2) == Sent("acme/web/issues/2")
    assert send(delivery_id=3, thread=THREAD, action="update") == Sent("acme/web/issues/2")


def test_a_second_attempt_says_what_the_first_closed_though_the_clocks_differ(github):
    send()
    github.close(1, ago=timedelta(minutes=5))
    assert send(thread=THREAD, action="resolve", delivery_id=2, attempt=2) == FIRST
    assert len(github.said(1)) == 1


def test_what_resolves_a_group_of_which_nothing_is_open_is_moot(github):
    assert send(action="resolve") == Moot()
    send()
    github.close(1, ago=timedelta(hours=1))
    assert send(action="resolve", delivery_id=2) == Moot()
    assert send(action="resolve", delivery_id=2, thread=THREAD) == Moot()
    assert not any(call.startswith("PATCH") for call in github.calls)
    assert github.said(1) == []


def test_an_issue_that_somebody_closed_as_done_is_opened_again_while_its_group_goes_on(github):
    send()
    github.close(1)
    assert send(thread=THREAD, action="update", delivery_id=2) == FIRST
    assert github.issues[1]["state"] == "open"
    assert len(github.said(1)) == 1


def test_what_comes_late_opens_no_issue_again(github):
    send()
    github.close(1)
    assert send(thread=THREAD, action="update", delivery_id=2, is_late=True) == FIRST
    assert (github.issues[1]["state"], len(github.said(1))) == ("closed", 1)


@pytest.mark.parametrize("reason", ["not_planned", "duplicate"])
def test_an_issue_that_nobody_wants_stays_closed_and_is_commented_on(github, reason):
    send()
    github.close(1, reason)
    assert send(thread=THREAD, action="update", delivery_id=2) == FIRST
    assert github.issues[1]["state"] == "closed"
    assert len(github.said(1)) == 1


@pytest.mark.parametrize(
    "answer", [error(404, "Not Found"), error(410, "This issue was deleted"), Reply(301)]
)
def test_where_the_issue_is_gone_or_elsewhere_the_group_begins_anew(github, answer):
    send()
    del github.issues[1]
    github.answers = [answer]
    assert send(thread=THREAD, action="update", delivery_id=2) == FIRST
    assert github.calls[-3:] == ["GET issues/1", "GET issues", "POST issues"]


@pytest.mark.parametrize(
    "thread", ["msg-7", "acme/other/issues/1", "acme/web/issues/1/../2", "acme/web#1", "../1"]
)
def test_a_thread_that_names_no_issue_of_the_repository_is_none(github, thread):
    assert send(thread=thread, action="update") == FIRST
    assert github.calls == ["GET issues", "POST issues"]


@pytest.mark.parametrize("group", ["", "disk-db1"])
def test_an_issue_whose_answer_was_lost_is_not_made_twice(github, group):
    github.lost = {"POST issues"}
    assert isinstance(send(group_key=group), Retry)
    assert send(group_key=group, attempt=2) == FIRST
    assert len(github.issues) == 1


def test_an_issue_that_was_closed_meanwhile_is_not_made_twice(github):
    github.lost = {"POST issues"}
    send()
    github.close(1)
    assert send(attempt=2) == FIRST
    assert len(github.issues) == 1


@pytest.mark.parametrize("thread", ["", THREAD])
def test_a_comment_whose_answer_was_lost_is_not_made_twice(github, thread):
    send()
    github.lost = {"POST issues/1/comments"}
    update = {"delivery_id": 2, "thread": thread, "action": "update"}
    assert isinstance(send(**update), Retry)
    assert send(**update, attempt=2) == FIRST
    assert len(github.said(1)) == 1


@pytest.mark.parametrize("thread", ["", THREAD])
@pytest.mark.parametrize("lost", ["PATCH issues/1", "POST issues/1/comments"])
def test_what_resolves_is_closed_and_said_once_whichever_answer_was_lost(github, thread, lost):
    send()
    github.lost = {lost}
    resolve = {"delivery_id": 2, "thread": thread, "action": "resolve"}
    assert isinstance(send(**resolve), Retry)
    assert send(**resolve, attempt=2) == FIRST
    assert github.issues[1]["state"] == "closed"
    assert len(github.said(1)) == 1


def test_what_was_closed_and_put_back_before_it_was_said_is_said_later(github):
    """A token that must rest between two requests makes no attempt of it."""
    send()
    github.close(1)
    assert send(thread=THREAD, action="resolve", delivery_id=2) == FIRST
    assert len(github.said(1)) == 1


def test_text_in_an_event_that_looks_like_a_mark_is_none(github):
    forged = "<!-- tocsin:0192f0c4-1111-7000-8000-000000000001-9 group:" + "0" * 32 + " -->"
    send(body=f"{forged}\n\n```\n{forged}\n```", title=forged, delivery_id=8)
    assert send(delivery_id=9, attempt=2, group_key="") == Sent("acme/web/issues/2")


@pytest.fixture
def ana(db, github):
    ana = get_user_model().objects.create_user("ana")
    add_destination(ana, "github", BY_TOKEN)
    return ana


def told(*, second=0, **changes):
    """At a time of which each second has room for one message of a token."""
    given = {"title": "Disk full", "group_key": "disk-db1", "channel": "github", "to": ["user:ana"]}
    with frozen(START + timedelta(seconds=second)):
        tocsin.notify("message:internal", **given | changes)
        deliver_now()


def test_the_whole_way_a_group_is_an_issue_that_closes_and_begins_anew(ana, github):
    told()
    told(second=1, title="Fuller")
    told(second=2, title="Ana is at it", status="acknowledged")
    told(second=3, title="Empty", status="resolved")
    assert [text.split("\n")[0] for text in github.said(1)] == ["● Fuller", "● Ana is at it", "✔ Empty"]
    assert github.issues[1]["state"] == "closed"
    told(second=4, title="Full again")
    assert [issue["title"] for issue in github.issues.values()] == ["● Disk full", "● Full again"]
    ids = list(Delivery.objects.order_by("pk").values_list("provider_id", flat=True))
    assert ids == [THREAD] * 4 + ["acme/web/issues/2"]


def test_the_whole_way_what_nobody_opened_is_skipped(ana, github):
    told(status="resolved")
    [row] = Delivery.objects.all()
    assert (row.state, row.reason) == ("skipped", "nothing_open")


def test_the_whole_way_a_token_that_is_refused_disables_its_destination(ana, github):
    github.tokens.clear()
    told()
    assert Delivery.objects.get(channel="github").state == "dead"
    assert Destination.objects.get().disabled_at is not None


def test_the_same_repository_is_one_destination_whatever_the_token_and_the_capitals():
    def identity(given):
        return clean_settings(GithubChannel.form, given).identity

    same = [BY_TOKEN, AS_APP, BY_TOKEN | {"repository": "Acme/Web", "mode": "", "labels": "x"}]
    assert len(set(map(identity, same))) == 1
    others = [DISPATCH, DISPATCH | {"event_type": "deploy"}, BY_TOKEN | {"repository": "acme/api"}]
    assert len(set(map(identity, [BY_TOKEN, *others]))) == 4
