"""What Jira's answers come to, and what the destination's owner reads."""

from __future__ import annotations

import json

import pytest

from tests.channels.jira.sending import GROUP, channel, message_to, send
from tests.servers.http_sink import Reply
from tests.servers.jira import said
from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Rejected, Retry


def test_fields_that_a_project_requires_are_named(jira):
    jira.required = {"customfield_10011": "Severity is required."}
    outcome = send(jira)
    assert (outcome.cause, outcome.disable_destination) == (Cause.REFUSED_CONTENT, False)
    assert outcome.detail.startswith("Jira refused Severity (customfield_10011): make these fields optional")


@pytest.mark.parametrize(
    ("given", "cause", "disables", "said"),
    [
        ({"project": "NOPE"}, Cause.GONE, True, "the project is gone"),
        ({"issue_type": "Epic"}, Cause.BAD_SETTINGS, False, "set issue_type"),
        ({"token": "wrong-token"}, Cause.NOT_AUTHORISED, True, "save a new token"),
    ],
)
def test_settings_that_jira_does_not_take_are_told_to_the_owner(jira, given, cause, disables, said):
    outcome = send(jira, given=given)
    assert (outcome.cause, outcome.disable_destination) == (cause, disables)
    assert said in outcome.detail


def test_a_project_that_is_gone_is_told_to_the_owner_by_who_looks_for_an_issue_too(jira):
    outcome = send(jira, given={"project": "NOPE"}, **GROUP)
    assert jira.calls[-1].startswith("POST search")
    assert (outcome.cause, outcome.disable_destination) == (Cause.GONE, True)
    assert "the project is gone" in outcome.detail


@pytest.mark.parametrize("messages", [7, [None, {"x": 1}], ["the field 'project"], "field 'project'"])
def test_messages_of_strange_types_say_nothing(jira, messages):
    jira.answers["POST search"] = [Reply(400, json.dumps({"errorMessages": messages}).encode())]
    assert send(jira, **GROUP).cause == Cause.REFUSED_CONTENT


FAILED = {"x-seraph-loginreason": "AUTHENTICATED_FAILED"}
DENIED = {"x-seraph-loginreason": "AUTHENTICATION_DENIED"}
HTML = Reply(404, b"<html>not found</html>")


@pytest.mark.parametrize(
    ("reply", "kind", "cause", "told"),
    [
        (said(401, "x"), Rejected, Cause.NOT_AUTHORISED, "save a new token"),
        (said(404, "x", headers=FAILED), Rejected, Cause.NOT_AUTHORISED, "save a new token"),
        (Reply(200, b'{"issues": []}', FAILED), Rejected, Cause.NOT_AUTHORISED, "save a new token"),
        (
            said(404, "x", headers={"X-AUSERNAME": "anonymous"}),
            Rejected,
            Cause.NOT_AUTHORISED,
            "save a new token",
        ),
        (
            said(403, "x", headers={"x-failure-category": "FAILURE_CLIENT_AUTH_MISMATCH"}),
            Rejected,
            Cause.NOT_AUTHORISED,
            "save a new token",
        ),
        (said(403, "x", headers=DENIED), Rejected, Cause.NOT_AUTHORISED, "CAPTCHA"),
        (said(403, "x"), Rejected, Cause.NOT_AUTHORISED, "permissions"),
        (HTML, Rejected, Cause.REFUSED_RECIPIENT, "not that of a Jira"),
        (said(400, labels="Field 'labels' cannot be set."), Rejected, Cause.BAD_SETTINGS, "create screen"),
        (said(400, description="exceeds the allowed limit of 5,000"), Rejected, Cause.TOO_LARGE, "limit"),
        (said(400, "Bearer <b>secret</b>"), Rejected, Cause.REFUSED_CONTENT, "answered 400"),
        (Reply(413), Rejected, Cause.TOO_LARGE, "413"),
        (Reply(410), Rejected, Cause.GONE, "410"),
        (Reply(200, b"<html>a portal</html>"), Retry, Cause.SERVER_ERROR, "as Jira does"),
        (Reply(502, b"<html>bad</html>"), Retry, Cause.SERVER_ERROR, "502"),
    ],
)
def test_each_answer_has_its_outcome(jira, reply, kind, cause, told):
    jira.answers["POST issue"] = [reply]
    outcome = send(jira)
    assert (type(outcome), outcome.cause) == (kind, cause)
    assert told in outcome.detail
    assert "<b>" not in outcome.detail


@pytest.mark.parametrize("headers", [FAILED, {"X-AUSERNAME": "anonymous"}])
def test_a_failed_login_is_not_taken_for_an_issue_that_is_gone(jira, headers):
    send(jira, **GROUP)
    jira.answers["GET issue"] = [said(404, "Issue does not exist.", headers=headers)]
    outcome = send(jira, thread="OPS-1", delivery_id=2, action="update", **GROUP)
    assert (outcome.cause, outcome.disable_destination) == (Cause.NOT_AUTHORISED, True)
    assert len(jira.issues) == 1


def test_a_page_that_is_not_jiras_is_not_taken_for_an_issue_that_is_gone(jira):
    send(jira, **GROUP)
    jira.answers["GET issue"] = [HTML]
    assert isinstance(send(jira, thread="OPS-1", delivery_id=2, action="update", **GROUP), Rejected)
    assert len(jira.issues) == 1


def test_limits_are_kept_for_the_account_and_hold_no_other(jira):
    jira.answers["POST issue"] = [
        Reply(429, b"{}", {"Retry-After": "30", "RateLimit-Reason": "jira-burst-based"}),
    ]
    message = message_to(jira)
    http.forget_rests()
    assert channel.send(message) == Retry(Cause.THROTTLED, "Jira answered 429 (jira-burst-based).", 30.0)
    assert isinstance(channel.send(message), Later)
    other = message_to(jira, {"token": "another", "email": "b@acme.example"})
    assert channel.send(other).cause == Cause.NOT_AUTHORISED


def test_a_limit_may_name_the_time_when_it_ends(jira):
    jira.answers["POST issue"] = [Reply(429, b"", {"X-RateLimit-Reset": "2001-01-01T00:00Z"})]
    assert send(jira) == Retry(Cause.THROTTLED, "Jira answered 429.", 0.0)
