"""Closing an issue: what is open, which transition leads there, and what it asks for."""

from __future__ import annotations

import pytest

from tests.channels.jira.sending import GROUP, LOST, RESOLVED, send
from tests.servers.http_sink import Reply
from tests.servers.jira import said, took, way
from tocsin.channels.base import Cause, Moot, Rejected, Retry, Sent

RESOLUTION = {"required": True, "name": "Resolution", "allowedValues": [{"id": "3", "name": "Duplicate"}]}


def test_what_was_closed_by_hand_is_left_alone(jira):
    send(jira, **GROUP)
    jira.issues["OPS-1"]["status"] = "Won't do"
    assert send(jira, thread="OPS-1", delivery_id=2, **RESOLVED) == Moot()
    assert jira.comments("OPS-1") == []
    assert send(jira, thread="OPS-1", delivery_id=3, action="update", **GROUP) == Sent("OPS-2")
    assert send(jira, thread="OPS-2", delivery_id=4, **RESOLVED) == Sent("OPS-2")


@pytest.mark.parametrize("thread", ["", "OPS-9"])
def test_what_is_not_open_cannot_be_closed(jira, thread):
    assert send(jira, thread=thread, **RESOLVED) == Moot()
    assert not any(call.startswith(("POST issue", "PUT")) for call in jira.calls)


@pytest.mark.parametrize(("attempt", "fault"), [(1, said(503)), (2, said(503)), (2, LOST)])
@pytest.mark.parametrize("thread", ["OPS-1", ""])
def test_a_closing_that_was_interrupted_ends_with_its_comment(jira, thread, attempt, fault):
    """An attempt that a busy host sends away is not counted: the next is the first again."""
    send(jira, **GROUP)
    jira.answers["POST issue comment"] = [fault]
    message = RESOLVED | {"thread": thread, "delivery_id": 2}
    assert isinstance(send(jira, **message), Retry)
    assert jira.status("OPS-1") == "Done"
    assert send(jira, **message, attempt=attempt) == Sent("OPS-1")
    assert len(jira.comments("OPS-1")) == 1
    assert jira.calls.count("POST issue transitions") == 1


def test_the_transition_is_chosen_by_its_name_or_by_its_status(jira):
    jira.transitions = [
        way("1", "Done", "In Progress"),
        way("2", "Drop", "Won't do"),
        way("3", "Finish", "Done"),
    ]
    for wanted, status in (
        ("", "Won't do"),
        ("finish", "Done"),
        ("won't do", "Won't do"),
        ("Done", "In Progress"),
    ):
        key = send(jira, group_key=f"by {wanted}").provider_id
        resolved = RESOLVED | {"group_key": f"by {wanted}", "delivery_id": 2}
        assert send(jira, given={"close_with": wanted}, thread=key, **resolved) == Sent(key)
        assert jira.status(key) == status


@pytest.mark.parametrize("wanted", ["", "Archive"])
def test_where_no_transition_fits_nothing_is_said_and_the_owner_reads_what_there_is(jira, wanted):
    jira.transitions = [way("1", "Start", "In Progress"), way("2", "<b>Evil</b>\n", "In Progress")]
    send(jira, **GROUP)
    outcome = send(jira, given={"close_with": wanted}, thread="OPS-1", delivery_id=2, **RESOLVED)
    assert (type(outcome), outcome.cause) == (Rejected, Cause.BAD_SETTINGS)
    assert "close_with to one of what there is: Start." in outcome.detail
    assert (jira.comments("OPS-1"), jira.status("OPS-1")) == ([], "To Do")


def test_a_resolution_is_given_where_the_transition_asks_for_one(jira):
    done = {"id": "10000", "name": "Done"}
    for offered, chosen in (([], "3"), ([done], "10000")):
        field = RESOLUTION | {"allowedValues": RESOLUTION["allowedValues"] + offered}
        jira.transitions = [way("2", "Finish", "Done", resolution=field)]
        key = send(jira, group_key=chosen).provider_id
        assert send(jira, thread=key, delivery_id=2, **RESOLVED | {"group_key": chosen}) == Sent(key)
        assert jira.issues[key]["resolution"] == {"id": chosen}


def test_a_transition_that_asks_for_more_is_told_to_the_owner(jira):
    cause = {"required": True, "name": "Root cause"}
    jira.transitions = [way("2", "Finish", "Done", customfield_10010=cause, resolution=RESOLUTION)]
    send(jira, **GROUP)
    outcome = send(jira, thread="OPS-1", delivery_id=2, **RESOLVED)
    assert outcome.cause == Cause.BAD_SETTINGS
    assert "asks for Root cause:" in outcome.detail
    assert (jira.comments("OPS-1"), jira.status("OPS-1")) == ([], "To Do")


def test_somebody_elses_change_at_the_same_time_is_waited_for(jira):
    send(jira, **GROUP)
    jira.answers["POST issue transitions"] = [said(409)]
    assert isinstance(send(jira, thread="OPS-1", delivery_id=2, **RESOLVED), Retry)
    assert send(jira, thread="OPS-1", delivery_id=2, attempt=2, **RESOLVED) == Sent("OPS-1")


def test_a_search_that_lags_behind_closes_nothing_twice(jira):
    send(jira, **GROUP)
    jira.issues["OPS-1"]["status"] = "Done"
    still_open = {"status": {"statusCategory": {"key": "new"}}}
    jira.answers["POST search"] = [took({"issues": [{"key": "OPS-1", "fields": still_open}]})]
    assert send(jira, delivery_id=2, **RESOLVED) == Moot()


def test_of_several_issues_the_open_one_is_closed(jira):
    send(jira, **GROUP)
    jira.unindexed = {"OPS-1"}
    send(jira, **GROUP, delivery_id=2)
    jira.unindexed = set()
    jira.issues["OPS-2"]["status"] = "Done"
    assert send(jira, delivery_id=3, **RESOLVED) == Sent("OPS-1")


@pytest.mark.parametrize("call", ["PUT issue properties tocsin-closing", "POST issue transitions"])
def test_an_issue_is_led_on_once_whose_connection_broke(jira, call):
    """It was kept open since the request before, for which curl would send it again by itself."""
    send(jira, **GROUP)
    jira.answers[call] = [Reply(fault="drop")]
    message = RESOLVED | {"thread": "OPS-1", "delivery_id": 2}
    outcomes = [send(jira, **message, attempt=number) for number in (1, 2)]
    assert outcomes[-1] == Sent("OPS-1")
    assert not any(isinstance(outcome, Rejected) for outcome in outcomes)
    assert jira.calls.count("POST issue transitions") == 1
    assert (jira.status("OPS-1"), len(jira.comments("OPS-1"))) == ("Done", 1)
