"""Where a Jira is, who we are there, and what differs between Cloud and Server: paths, search, markup."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.channels import http
from tocsin.channels.http.urls import parse
from tocsin.channels.jira.issue import CLOSING, PROPERTY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SITES = (".atlassian.net", ".atlassian-us-gov-mod.net")
GATEWAYS = ("api.atlassian.com", "api.atlassian-us-gov-mod.com")
LOOK_BYTES = 4_000_000
"""How much of a look-up is read: twenty comments of the longest kind."""


class Site(NamedTuple):
    """A Jira and our account there. The URL ends without a slash."""

    url: str
    cloud: bool
    authorization: str
    token: str
    limit_key: str

    def request(
        self, path: str, body: object = None, method: str = "", *, once: bool = False
    ) -> http.Request:
        """A request below the API: a look-up (GET) where there is no body. `once` for what makes something."""
        encoded = (
            b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        )
        version = 3 if self.cloud else 2
        headers = {"accept": "application/json", "authorization": self.authorization}
        return http.Request(
            f"{self.url}/rest/api/{version}/{path}",
            encoded,
            headers | ({"content-type": "application/json"} if encoded else {}),
            method or ("POST" if encoded else "GET"),
            secret_values=(self.token, self.authorization.partition(" ")[2]),
            limit_key=self.limit_key,
            most_bytes=LOOK_BYTES,
            once=once,
        )

    def search(self, jql: str, most: int) -> http.Request:
        """The issues that a query finds. Cloud answers from an index that may lag behind by seconds."""
        body = {"jql": jql, "maxResults": most, "fields": ["status"]}
        return self.request("search/jql" if self.cloud else "search", body)

    def fetch(self, keys: Sequence[str]) -> http.Request:
        """Those of these issues that there are, as they are now: Cloud reads them by key, not from its index."""
        body = {"issueIdsOrKeys": keys, "fields": ["status"], "properties": [PROPERTY, CLOSING]}
        return self.request("issue/bulkfetch", body)


def is_cloud(settings: Mapping[str, Any]) -> bool:
    """Whether these settings are of a site of Jira Cloud."""
    if deployment := settings.get("deployment"):
        return bool(deployment == "cloud")
    host = parse(settings["url"]).host
    return host.endswith(SITES) or host in GATEWAYS


def site_of(settings: Mapping[str, Any]) -> Site:
    """The site of cleaned settings. Jira counts its limits by account."""
    url, email, token = settings["url"], settings.get("email", ""), settings["token"]
    basic = base64.b64encode(f"{email}:{token}".encode()).decode()
    return Site(
        url,
        is_cloud(settings),
        f"Basic {basic}" if email else f"Bearer {token}",
        token,
        http.limit_key("jira", f"{url} {email or token}"),
    )
