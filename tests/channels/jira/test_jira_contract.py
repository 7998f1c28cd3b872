"""Jira keeps the contract: on Cloud, and on a Data Center of one's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.servers.jira import EMAIL, TOKEN, said, took
from tests.servers.jira_texts import shown_adf, shown_wiki
from tocsin.channels.jira import JiraChannel
from tocsin.testing import ChannelContract, HttpFarSide, Reply

if TYPE_CHECKING:
    from tocsin.testing.http_far_side import Arrival

CLOUD = {"url": "https://acme.atlassian.net", "email": EMAIL, "token": TOKEN, "project": "OPS"}
OWN = {"url": "https://jira.acme.example/jira", "token": TOKEN, "project": "OPS"}
BAD = (
    ({}, "url"),
    (CLOUD | {"url": "acme.atlassian.net"}, "url"),
    (CLOUD | {"url": "http://acme.atlassian.net"}, "url"),
    (CLOUD | {"url": "https://acme.atlassian.net/browse/OPS-1"}, "url"),
    (CLOUD | {"url": "https://acme.atlassian.net/?x=y"}, "url"),
    (CLOUD | {"url": "https://api.atlassian.com"}, "url"),
    (CLOUD | {"url": "https://api.atlassian.com/ex/confluence/0000-1111"}, "url"),
    (CLOUD | {"email": ""}, "email"),
    (CLOUD | {"email": "ana"}, "email"),
    (OWN | {"deployment": "cloud"}, "email"),
    (OWN | {"deployment": "moon"}, "deployment"),
    (OWN | {"url": "https://jira.acme.example/jira/browse/OPS-1"}, "url"),
    (OWN | {"url": "https://jira.acme.example/jira/rest/api/2"}, "url"),
    (OWN | {"url": "http://10.1.2.3/jira"}, "url"),
    (OWN | {"email": "a:b"}, "email"),
    (OWN | {"token": "two words"}, "token"),
    (OWN | {"token": "x\r\nX-Forged: yes"}, "token"),
    (OWN | {"project": 'OPS" OR labels = "x'}, "project"),
    (OWN | {"project": "OPS-12"}, "project"),
    (OWN | {"labels": "disk full"}, "labels"),
)


def plain(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body, reply.headers)


class FarJira(HttpFarSide):
    """New issues and comments are messages; what is asked and done before them is not."""

    def other(self, arrival: Arrival) -> Reply | None:
        path = arrival.path.partition("?")[0]
        if path.endswith(("/search", "/search/jql", "/bulkfetch")):
            return plain(took({"issues": []}))
        if path.endswith("/transitions") and arrival.method == "GET":
            to = {"name": "Done", "statusCategory": {"key": "done"}}
            return plain(took({"transitions": [{"id": "21", "name": "Finish", "to": to}]}))
        if "/properties/" in path or path.endswith("/transitions"):
            return Reply(204)
        if path.endswith("/comment") and arrival.method == "GET":
            return plain(took({"comments": []}))
        if arrival.method == "GET":
            status = {"name": "To Do", "statusCategory": {"key": "new"}}
            return plain(took({"key": path.rpartition("/")[2], "fields": {"status": status}}))
        return None


class JiraContract(ChannelContract):
    __test__ = False
    channel_class = JiraChannel
    bad_settings = BAD
    secrets = (TOKEN,)
    replies = {
        "accepted": Reply(201, b'{"id": "1000<n>", "key": "OPS-<n>"}'),
        "refused": plain(said(400, customfield_10011="Severity is required.")),
        "gone": plain(said(400, project="valid project is required")),
        "throttled": Reply(429, b"", {"Retry-After": "7"}),
        "failing": Reply(503, b"<html>maintenance</html>"),
    }

    def far_side(self):
        return FarJira(self.replies)

    def keys(self, far_side):
        sent = [json.loads(sent)["properties"] for sent in far_side.payloads()]
        return [each[0]["value"]["key"] for each in sent]

    def shown(self, sent):
        payload = json.loads(sent)
        read = shown_adf if "cloud" in type(self).__name__.lower() else shown_wiki
        fields = payload.get("fields")
        return f"{fields['summary']}\n{read(fields['description'])}" if fields else read(payload["body"])


class TestJiraCloud(JiraContract):
    __test__ = True

    def settings(self, far_side):
        return {"url": far_side.url, "email": EMAIL, "token": TOKEN, "deployment": "cloud", "project": "OPS"}


class TestJiraOfOnesOwn(JiraContract):
    __test__ = True

    def settings(self, far_side):
        return {"url": f"{far_side.url}jira", "token": TOKEN, "project": "OPS", "labels": "disk, tocsin"}
