"""GitHub keeps the contract of every channel: issues by token and as an App, and dispatches."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.servers.github import PEM, TOKEN, refuse_dispatch, shown_issue
from tocsin.channels.github import GithubChannel
from tocsin.testing import ChannelContract, HttpFarSide, Reply
from tocsin.testing.contract.declaration import SettingsPromises
from tocsin.testing.contract.secrecy import SecrecyPromises

if TYPE_CHECKING:
    from tocsin.testing.http_far_side import Arrival

BY_TOKEN = {"repository": "acme/web", "token": TOKEN}
AS_APP = {"repository": "acme/web", "app_id": "4711", "installation_id": "7", "private_key": PEM}
GIVEN = b'{"token": "ghs_1nstallati0nS3cret", "expires_at": "2999-01-01T00:00:00Z"}'
BAD = (
    ({}, "repository"),
    ({"repository": "acme/web"}, "token"),
    ({"repository": 4711, "token": TOKEN}, "repository"),
    ({"repository": "acme", "token": TOKEN}, "repository"),
    ({"repository": "acme/..", "token": TOKEN}, "repository"),
    ({"repository": "acme/web/../../user", "token": TOKEN}, "repository"),
    ({"repository": "https://github.com/acme/web", "token": TOKEN}, "repository"),
    ({"repository": "acme/web?x=y", "token": TOKEN}, "repository"),
    ({"repository": "acme/web", "token": "short"}, "token"),
    ({"repository": "acme/web", "token": TOKEN + "\r\nX-Forged: yes"}, "token"),
    ({"repository": "acme/web", "token": PEM}, "token"),
    (AS_APP | {"token": TOKEN}, "app_id"),
    (AS_APP | {"private_key": ""}, "private_key"),
    (
        AS_APP | {"private_key": "-----BEGIN RSA PRIVATE KEY-----\nno\n-----END RSA PRIVATE KEY-----"},
        "private_key",
    ),
    (AS_APP | {"installation_id": "7/../8"}, "installation_id"),
    (AS_APP | {"app_id": "4711\r\nx"}, "app_id"),
    (BY_TOKEN | {"mode": "gist"}, "mode"),
    (BY_TOKEN | {"labels": "x" * 51}, "labels"),
    (BY_TOKEN | {"labels": ",".join(map(str, range(21)))}, "labels"),
    (BY_TOKEN | {"event_type": "alert"}, "event_type"),
    (BY_TOKEN | {"mode": "dispatch", "labels": "alert"}, "labels"),
    (BY_TOKEN | {"mode": "dispatch", "event_type": "x" * 101}, "event_type"),
)


class FarGitHub(HttpFarSide):
    """Look-ups find what `found` says, changes are taken, and an App is given a token."""

    def other(self, arrival: Arrival) -> Reply | None:
        if arrival.path.endswith("/access_tokens"):
            return Reply(201, GIVEN)
        if arrival.method == "PATCH":
            return Reply(200, b"{}")
        if arrival.method == "GET":
            found = re.search(r"/issues/(\d+)$", arrival.path)
            return Reply(200, b'{"number": %s, "state": "open"}' % found[1].encode() if found else b"[]")
        return None


class GithubContract(ChannelContract):
    __test__ = False
    channel_class = GithubChannel
    bad_settings = BAD
    markup = (
        "@octocat",
        "@acme/ops",
        "acme/web#12",
        "GH-12",
        "https://github.com/a/b/issues/1",
    )
    replies = {"accepted": Reply(201, b'{"number": <n>, "id": <n>}')}

    def far_side(self):
        return FarGitHub(self.replies)

    def tocsin(self, far_side):
        return {"GITHUB_API_URL": far_side.url + "api/v3"}

    def shown(self, sent):
        return shown_issue(json.loads(sent))

    def keys(self, far_side):
        return [re.search(r"<!-- tocsin:(\S+)", sent)[1] for sent in far_side.payloads()]


class TestGithubByToken(GithubContract):
    __test__ = True
    secrets = (TOKEN,)

    def settings(self, far_side):
        return BY_TOKEN | {"labels": "alert, ops"}


class TestGithubAsApp(SettingsPromises, SecrecyPromises):
    """What an App has of its own; by its token it then does the same."""

    channel_class = GithubChannel
    bad_settings = BAD
    replies = GithubContract.replies
    far_side, tocsin = GithubContract.far_side, GithubContract.tocsin
    secrets = (PEM.splitlines()[3],)

    def settings(self, far_side):
        return AS_APP


class ByDispatch(GithubChannel):
    """The channel, of which no more is asked than a dispatch can."""

    abilities = replace(
        GithubChannel.abilities,
        formats=("json",),
        max_characters=None,
        updates=False,
        threads=False,
        closes=False,
        receipts=False,
    )


class TestGithubDispatch(GithubContract):
    __test__ = True
    channel_class = ByDispatch
    secrets = (TOKEN,)
    markup = ()
    replies = {"accepted": Reply(204)}

    def settings(self, far_side):
        return BY_TOKEN | {"mode": "dispatch"}

    def shown(self, sent):
        body = json.loads(sent)
        refuse_dispatch(body)
        return super(GithubContract, self).shown(sent)

    def keys(self, far_side):
        return [json.loads(sent)["client_payload"]["key"] for sent in far_side.payloads()]
