"""A GitHub App: its token is asked for once an hour, and again when it is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.channels.github.given import AS_APP, FIRST, send
from tests.servers.github import PEM, as_json, error
from tocsin import clock
from tocsin.channels.base import Cause, Rejected, Sent
from tocsin.channels.github import tokens


def test_an_app_asks_for_a_token_once_an_hour(github, monkeypatch):
    assert send(given=AS_APP, group_key="") == FIRST
    assert send(given=AS_APP, group_key="", delivery_id=2) == Sent("acme/web/issues/2")
    assert github.given == 1
    now = clock.now() + timedelta(minutes=59, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    send(given=AS_APP, group_key="", delivery_id=3)
    assert github.given == 2


def test_a_token_of_an_app_that_is_refused_is_thrown_away_and_asked_for_once_more(github):
    send(given=AS_APP)
    github.tokens.clear()
    assert send(given=AS_APP, delivery_id=2) == FIRST
    assert github.given == 2
    github.answers = [error(401, "Bad credentials"), None, error(401, "Bad credentials")]
    outcome = send(given=AS_APP, delivery_id=3)
    assert isinstance(outcome, Rejected)
    assert outcome.disable_destination
    assert github.given == 3


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+23:59", "2001-01-01T00:00:00Z", "soon", 7, None])
def test_a_token_whose_end_is_strange_is_used_once(github, until):
    for number in (1, 2):
        github.tokens.add("ghs_abcdefgh")
        github.answers = [as_json(201, {"token": "ghs_abcdefgh", "expires_at": until})]
        assert isinstance(send(given=AS_APP, group_key="", delivery_id=number), Sent)
        assert github.answers == []


def test_an_app_that_github_does_not_know_is_disabled(github):
    outcome = send(given=AS_APP | {"installation_id": "8"})
    assert isinstance(outcome, Rejected)
    assert (outcome.cause, outcome.disable_destination) == (Cause.NOT_AUTHORISED, True)


def test_no_secret_is_kept_in_memory_but_the_apps_token(github):
    send(given=AS_APP)
    assert PEM not in repr(tokens._kept)
    assert json.dumps(AS_APP["private_key"])[1:40] not in repr(tokens._kept)
