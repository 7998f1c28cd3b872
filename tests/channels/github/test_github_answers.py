"""What GitHub's answers mean, and how it is spared."""

from __future__ import annotations

import pytest

from tests.channels.github.given import BY_TOKEN, FIRST, THREAD, send
from tests.servers.github import as_json, error
from tests.servers.http_sink import Reply
from tocsin import clock
from tocsin.channels.base import Cause, Later, Rejected, Retry

LIMITED = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.mark.parametrize(
    ("status", "headers", "message", "after"),
    [
        (403, {"retry-after": "17"}, LIMITED, 17),
        (429, {"retry-after": "17"}, "", 17),
        (403, {}, LIMITED, 60),
        (429, {}, "", 60),
        (
            403,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "<in 300>"},
            "API rate limit exceeded",
            300,
        ),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "<in -9>"}, "API rate limit exceeded", 1),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, "API rate limit exceeded", 60),
        (422, {}, "was submitted too quickly", 60),
    ],
)
def test_a_limit_lets_this_token_rest_as_long_as_github_says_and_no_other(
    github, status, headers, message, after
):
    now = int(clock.now().timestamp())
    headers = {n: str(now + int(v[4:-1])) if v.startswith("<in") else v for n, v in headers.items()}
    github.answers = [as_json(status, {"message": message}, headers)]
    outcome = send(group_key="")
    assert isinstance(outcome, Retry)
    assert outcome.cause == Cause.THROTTLED
    assert outcome.after == pytest.approx(after, abs=3)
    assert isinstance(send(group_key=""), Later)
    github.tokens.add("ghp_an0ther")
    assert send(group_key="", given=BY_TOKEN | {"token": "ghp_an0ther"}) == FIRST


def faulty(*errors):
    return error(422, "Validation Failed of s3cr3t", errors=list(errors))


NO_APP = "Resource not accessible by integration"
SAML = "Resource protected by organization SAML enforcement."
LONG = {"field": "body", "code": "custom", "message": "body is too long (maximum is 65536 characters)"}
UNAUTHORISED, GONE, REFUSED = Cause.NOT_AUTHORISED, Cause.GONE, Cause.REFUSED_CONTENT


@pytest.mark.parametrize(
    ("answer", "cause", "told", "disables"),
    [
        (error(401, "Bad credentials"), UNAUTHORISED, "make a new one", True),
        (error(403, NO_APP), UNAUTHORISED, "Issues", False),
        (error(403, "Forbidden"), UNAUTHORISED, "Issues", False),
        (error(403, "Repository was archived so is read-only."), GONE, "archived", True),
        (error(403, SAML), UNAUTHORISED, "single sign-on", False),
        (error(404, "Not Found"), GONE, "may not see it", True),
        (error(410, "Issues has been disabled in this repository."), GONE, "turn them on", True),
        (Reply(301, headers={"location": "/repositories/1"}), Cause.REDIRECT, "new name", False),
        (Reply(307), Cause.REDIRECT, "new name", False),
        (faulty({"field": "title", "code": "missing"}), REFUSED, "title missing", False),
        (faulty("s3cr3t", {"field": "s3cr3t!", "code": 7}), REFUSED, "422.", False),
        (faulty(LONG), Cause.TOO_LARGE, "too long", False),
        (Reply(422, b'{"errors": null}'), REFUSED, "422.", False),
    ],
)
def test_what_is_refused_says_what_to_do(github, answer, cause, told, disables):
    github.answers = [answer]
    outcome = send(group_key="")
    assert isinstance(outcome, Rejected)
    assert (outcome.cause, outcome.disable_destination) == (cause, disables)
    assert told in outcome.detail
    assert "s3cr3t" not in outcome.detail


def test_the_permission_that_is_missing_is_named(github):
    headers = {"x-accepted-github-permissions": "issues=write; pull_requests=write"}
    github.answers = [as_json(403, {"message": "Resource not accessible by personal access token"}, headers)]
    assert "(issues=write; pull_requests=write)" in send(group_key="").detail


@pytest.mark.parametrize(
    "answer", [error(404, "Not Found"), error(410, "Gone"), error(403, "The issue is locked")]
)
def test_one_issue_that_takes_no_comment_disables_no_destination(github, answer):
    send()
    github.answers = [None, answer]
    outcome = send(thread=THREAD, action="update", delivery_id=2)
    assert isinstance(outcome, Rejected)
    assert not outcome.disable_destination


@pytest.mark.parametrize(
    "answer", [Reply(502), Reply(200, b"<html>"), Reply(200, b"{}"), Reply(fault="drop")]
)
def test_nothing_is_made_while_it_is_not_known_what_is_there(github, answer):
    github.answers = [answer] * 3
    assert isinstance(send(), Retry)
    assert not github.issues


def test_a_list_that_is_cut_for_its_length_is_read_as_far_as_it_came(github):
    send()
    whole = [github.issues[1], github.issues[1] | {"number": 2, "body": "x" * 5_000_000}]
    github.answers = [as_json(200, whole)]
    assert send(delivery_id=2) == FIRST
    assert len(github.issues) == 1


def test_a_long_text_that_github_answers_with_is_read_to_its_end(github):
    assert send(body="x " * 25_000) == FIRST
    assert send(body="é " * 25_000, thread=THREAD, action="update", delivery_id=2) == FIRST
    assert github.calls[-3:] == ["POST issues", "GET issues/1", "POST issues/1/comments"]


@pytest.mark.parametrize(
    "found", [{"state_reason": []}, {"state": {}, "closed_at": 7}, {"body": 7}, {"state_reason": {"x": 1}}]
)
def test_an_issue_of_strange_types_is_no_bug_of_ours(github, found):
    send()
    github.answers = [as_json(200, github.issues[1] | found)]
    assert send(thread=THREAD, action="update", delivery_id=2) == FIRST
