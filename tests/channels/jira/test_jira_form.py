"""The settings of a Jira destination: what is the same, what is kept, what the URL tells."""

from __future__ import annotations

import pytest

from tests.channels.jira.sending import channel
from tests.servers.jira import TOKEN
from tocsin.channels.base import Cause
from tocsin.channels.forms import clean_settings
from tocsin.channels.jira import JiraChannel
from tocsin.channels.jira.site import site_of
from tocsin.testing import make_message


@pytest.mark.parametrize("given", [{}, {"url": "https://acme.atlassian.net", "project": "OPS"}])
def test_broken_settings_are_rejected(given):
    assert channel.send(make_message(given)).cause == Cause.BAD_SETTINGS


def cleaned(**given):
    return clean_settings(
        JiraChannel.form,
        {"url": "https://acme.atlassian.net", "email": "a@b.c", "token": TOKEN, "project": "OPS"} | given,
    )


def test_the_same_project_is_the_same_destination():
    first = cleaned()
    for alike in (
        {"token": "another"},
        {"email": "other@acme.example"},
        {"url": "https://ACME.atlassian.net:443/"},
        {"project": "ops"},
        {"issue_type": "Task"},
        {"labels": "disk"},
        {"close_with": "Done"},
    ):
        assert cleaned(**alike).identity == first.identity, alike
    for other in ({"project": "WEB"}, {"issue_type": "Bug"}, {"url": "https://umbrella.atlassian.net"}):
        assert cleaned(**other).identity != first.identity, other


def test_what_is_kept_of_the_settings_and_shown():
    kept = cleaned(labels=" disk ,ops,, disk")
    assert kept.secret == {"token": TOKEN}
    assert (kept.open["labels"], kept.open["issue_type"]) == ("disk, ops", "Task")
    assert channel.target_label(kept.open | kept.secret) == "OPS · acme.atlassian.net"


@pytest.mark.parametrize(
    ("url", "email", "begins"),
    [
        ("https://acme.atlassian.net", "a@b.c", "https://acme.atlassian.net/rest/api/3/"),
        (
            "https://api.atlassian.com/ex/jira/11223344-a1b2/",
            "a@b.c",
            "https://api.atlassian.com/ex/jira/11223344-a1b2/rest/api/3/",
        ),
        ("https://jira.acme.example", "", "https://jira.acme.example/rest/api/2/"),
        ("https://acme.example:8443/jira/", "ana", "https://acme.example:8443/jira/rest/api/2/"),
    ],
)
def test_the_url_tells_the_deployment(url, email, begins):
    kept = cleaned(url=url, email=email)
    request = site_of(kept.open | kept.secret).request("issue", {})
    assert request.url == f"{begins}issue"
    assert request.headers["authorization"].startswith("Basic " if email else "Bearer ")
