"""The Jira channel: an issue for each group, comments for what follows, and nothing made twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.channels.http.feeds import ListFeed
from tests.channels.jira.sending import EVENT, GROUP, LOST, RESOLVED, channel, send
from tests.servers.http_sink import Reply
from tests.servers.jira import said, took
from tocsin.channels.base import Retry, Sent
from tocsin.channels.forms import clean_settings
from tocsin.channels.jira import JiraChannel
from tocsin.levels import Level
from tocsin.testing import make_message


def test_an_event_is_an_issue(jira):
    given = {"issue_type": "Bug", "labels": "disk, ops"}
    assert send(jira, given=given, level=Level.ERROR, title="Disk <full> & hot", project="web") == Sent(
        "OPS-1"
    )
    fields = jira.issues["OPS-1"]["fields"]
    assert fields["summary"] == "[error] Disk <full> & hot"
    assert (fields["project"], fields["issuetype"]) == ({"key": "OPS"}, {"name": "Bug"})
    assert fields["labels"][:2] == ["disk", "ops"]
    assert "■ Error · Invoice paid · acme · web" in jira.shown("OPS-1")
    assert "1 200 €, see the invoice." in jira.shown("OPS-1")
    assert jira.calls == ["POST issue"]


def test_an_issue_type_may_be_given_by_its_number(jira):
    assert send(jira, given={"issue_type": "10002"}) == Sent("OPS-1")
    assert jira.issues["OPS-1"]["fields"]["issuetype"] == {"id": "10002"}


def test_a_group_is_one_issue_that_closes_when_it_is_resolved(jira):
    assert send(jira, **GROUP) == Sent("OPS-1")
    later = {"thread": "OPS-1"} | GROUP
    assert send(jira, **later, delivery_id=2, action="update", title="Disk at 97 %") == Sent("OPS-1")
    acknowledged = {"action": "acknowledge", "status": "acknowledged", "title": "Ana is at it"}
    assert send(jira, **later, delivery_id=3, **acknowledged) == Sent("OPS-1")
    assert jira.status("OPS-1") == "To Do"
    assert send(jira, thread="OPS-1", delivery_id=4, **RESOLVED) == Sent("OPS-1")
    assert (list(jira.issues), jira.status("OPS-1")) == (["OPS-1"], "Done")
    first, second, third = jira.comments("OPS-1")
    assert first.startswith("Disk at 97 %")
    assert "Acknowledged · Info" in second
    assert "✔ Resolved · Info" in third


def test_an_issue_that_the_ledger_does_not_know_is_found_by_its_label(jira):
    send(jira, **GROUP)
    assert send(jira, **GROUP, delivery_id=2, title="Disk at 97 %") == Sent("OPS-1")
    assert send(jira, **GROUP | {"organization": "other"}, delivery_id=3) == Sent("OPS-2")
    assert send(jira, group_key="disk-db2", delivery_id=4) == Sent("OPS-3")
    assert send(jira, delivery_id=5) == Sent("OPS-4")
    assert len(jira.comments("OPS-1")) == 1


def test_events_of_several_groups_in_one_message_belong_to_none(jira):
    send(jira, **GROUP)
    send(jira, group_key="disk-db2", delivery_id=2)
    events = (replace(EVENT, **GROUP), replace(EVENT, group_key="disk-db2"))
    assert send(jira, events=events, delivery_id=3) == Sent("OPS-3")


def test_where_the_issue_was_deleted_the_group_begins_anew(jira):
    send(jira, **GROUP)
    del jira.issues["OPS-1"]
    assert send(jira, thread="OPS-1", action="update", delivery_id=2, **GROUP) == Sent("OPS-1")
    assert jira.comments("OPS-1") == []


def test_an_issue_that_was_moved_is_followed(jira):
    send(jira, **GROUP)
    jira.issues["WEB-7"] = jira.issues.pop("OPS-1")
    jira.moved["OPS-1"] = "WEB-7"
    assert send(jira, thread="OPS-1", delivery_id=2, action="update", **GROUP) == Sent("WEB-7")
    assert send(jira, thread="WEB-7", delivery_id=3, **RESOLVED) == Sent("WEB-7")


@pytest.mark.parametrize("thread", ["C0123/1.2", "../OPS-1", "ops-1", "OPS-1?x=y", "OPS-1\n"])
def test_a_thread_that_is_no_key_is_none(jira, thread):
    assert send(jira, thread=thread, action="update") == Sent("OPS-1")
    assert jira.calls == ["POST issue"]


@pytest.mark.parametrize("group", [{}, GROUP])
def test_an_issue_whose_answer_was_lost_is_not_made_twice(jira, group):
    jira.answers["POST issue"] = [LOST]
    assert isinstance(send(jira, **group), Retry)
    assert send(jira, attempt=2, **group) == Sent("OPS-1")
    assert (list(jira.issues), jira.comments("OPS-1")) == (["OPS-1"], [])


def test_a_comment_whose_answer_was_lost_is_not_made_twice(jira):
    send(jira, **GROUP)
    jira.answers["POST issue comment"] = [LOST]
    later = GROUP | {"thread": "OPS-1", "action": "update", "delivery_id": 2}
    assert isinstance(send(jira, **later), Retry)
    for number in range(3):
        assert send(jira, **later | {"delivery_id": 3 + number}) == Sent("OPS-1")
    assert send(jira, **later, attempt=2) == Sent("OPS-1")
    assert len(jira.comments("OPS-1")) == 4


@pytest.mark.parametrize("call", ["GET issue", "POST search", "PUT issue properties tocsin-closing"])
def test_nothing_is_written_while_a_look_up_fails(jira, call):
    send(jira, **GROUP)
    jira.calls.clear()
    jira.answers[call] = [said(503)]
    thread = "" if "search" in call else "OPS-1"
    assert isinstance(send(jira, thread=thread, delivery_id=2, **RESOLVED), Retry)
    assert jira.status("OPS-1") == "To Do"
    assert not {"POST issue", "POST issue comment", "POST issue transitions"} & set(jira.calls)


def test_many_messages_end_once_each(jira):
    cleaned = clean_settings(JiraChannel.form, jira.settings)
    send(jira, **GROUP)
    given = cleaned.open | cleaned.secret
    made = [
        make_message(given, delivery_id=n, thread="OPS-1", action="update", **GROUP) for n in range(2, 16)
    ]
    outcomes = list(channel.send_batch(ListFeed(made[:10], made[10:])))
    assert sorted(message.delivery_id for message, _ in outcomes) == list(range(2, 16))
    assert {outcome for _, outcome in outcomes} == {Sent("OPS-1")}
    assert len(jira.comments("OPS-1")) == 14


def test_what_the_search_does_not_know_yet_is_known_by_the_ledger(jira):
    send(jira, **GROUP)
    jira.unindexed = {"OPS-1"}
    assert send(jira, thread="OPS-1", delivery_id=2, action="update", **GROUP) == Sent("OPS-1")


ON_CLOUD = pytest.mark.parametrize("jira", ["cloud"], indirect=True)


@ON_CLOUD
@pytest.mark.parametrize("group", [{}, GROUP])
@pytest.mark.parametrize("others", [0, 1, 35])
@pytest.mark.parametrize("known", [False, True])
def test_an_issue_that_the_search_does_not_know_yet_is_not_made_twice(jira, group, others, known):
    """Neither where the search knows a later one already, nor where it knows none of those made since."""
    if others:
        send(jira, delivery_id=90)
    jira.answers["POST issue"] = [LOST]
    assert isinstance(send(jira, **group), Retry)
    lost = list(jira.issues)[-1]
    for number in range(others):
        send(jira, delivery_id=100 + number)
    jira.unindexed = {lost} if known else set(list(jira.issues)[1:]) | {lost}
    made = len(jira.issues)
    assert send(jira, attempt=2, **group) == Sent(lost)
    assert len(jira.issues) == made


@ON_CLOUD
def test_a_closed_issue_of_the_group_does_not_hide_the_new_one(jira):
    send(jira, **GROUP)
    jira.issues["OPS-1"]["status"] = "Done"
    jira.answers["POST issue"] = [LOST]
    later = GROUP | {"thread": "OPS-1", "action": "update", "delivery_id": 2}
    assert isinstance(send(jira, **later), Retry)
    jira.unindexed = {"OPS-2"}
    assert send(jira, **later, attempt=2) == Sent("OPS-2")
    assert list(jira.issues) == ["OPS-1", "OPS-2"]


@ON_CLOUD
@pytest.mark.parametrize("call", ["POST search", "POST issue"])
def test_no_issue_is_made_while_it_is_not_known_whether_there_is_one(jira, call):
    jira.answers["POST issue"] = [LOST]
    send(jira)
    jira.unindexed = {"OPS-1"}
    searched = jira.calls.count("POST search")
    jira.answers["POST search"] = [took({"issues": []}), said(503)] if "search" in call else []
    jira.answers["POST issue"] = [said(503)] if "issue" in call else []
    assert isinstance(send(jira, attempt=2), Retry)
    assert jira.calls.count("POST search") == searched + 2
    assert list(jira.issues) == ["OPS-1"]


@ON_CLOUD
@pytest.mark.parametrize("reply", [Reply(404, b"<html>no such page</html>"), said(400, "no"), said(403)])
def test_where_the_newest_issues_may_not_be_fetched_one_is_made(jira, reply):
    jira.answers["POST issue"] = [reply]
    assert send(jira, attempt=2) == Sent("OPS-1")
