"""A loopback Jira, Cloud (REST v3, ADF) or Data Center (REST v2, wiki markup), as strict as the documentation.

What Jira would refuse it refuses, and writes down; what it keeps is read back as people see it (`jira_texts`).
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.http_sink import HttpSink, Reply
from tests.servers.jira_texts import RefusedByJira, need, shown_adf, shown_wiki

if TYPE_CHECKING:
    from tests.servers.http_sink import Seen

EMAIL, TOKEN = "bot@acme.example", "ATATT3xFfGF0s3cretS3cretS3cret"
LIMIT, SUMMARY = 32_767, 255
FIELDS = {"project", "issuetype", "summary", "description", "labels"}
TYPES = {"Task": "10001", "Bug": "10002"}
STATUSES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done", "Won't do": "done"}
MOST_LABEL, MOST_FETCHED = 255, 100
SEARCH = re.compile(
    r'project = "([A-Z]+)"(?: AND labels = "(tocsin-[0-9a-f]+)" ORDER BY created| ORDER BY key) DESC'
)
Json = dict[str, Any]


def said(status: int, *messages: str, headers: dict[str, str] | None = None, **errors: str) -> Reply:
    """An error as Jira words it."""
    body = {"errorMessages": list(messages), "errors": errors}
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/json"} | (headers or {}))


def took(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/json"})


class JiraServer:
    """`with JiraServer(cloud=True) as jira:`; `jira.issues` is what it keeps, by key."""

    def __init__(self, *, cloud: bool, path: str = "") -> None:
        self.cloud, self.path = cloud, path
        self.sink = HttpSink(self._answer)
        self.issues: dict[str, Json] = {}
        self.moved: dict[str, str] = {}
        self.calls: list[str] = []
        self.refused: list[str] = []
        self.answers: dict[str, list[Reply]] = {}
        """For the next calls of a name ("POST issue"): in place of Jira's own, or, with a fault, after it."""
        self.transitions: list[Json] = [way("11", "Start", "In Progress"), way("21", "Finish", "Done")]
        self.required: dict[str, str] = {}
        self.unindexed: set[str] = set()
        """Issues that the search does not know of yet."""
        self.is_locked = False

    @property
    def url(self) -> str:
        return self.sink.url.rstrip("/") + self.path

    @property
    def settings(self) -> Json:
        """Those of a destination here."""
        given = {"url": self.url, "token": TOKEN, "project": "OPS"}
        return given | ({"email": EMAIL, "deployment": "cloud"} if self.cloud else {})

    def __enter__(self) -> Self:
        self.sink.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sink.__exit__(*exc)

    def shown(self, key: str) -> str:
        """Summary and description."""
        fields = self.issues[key]["fields"]
        return f"{fields['summary']}\n{self._shown(fields['description'])}"

    def comments(self, key: str) -> list[str]:
        return [self._shown(comment["body"]) for comment in self.issues[key]["comments"]]

    def status(self, key: str) -> str:
        return self.issues[key]["status"]

    def _shown(self, text: Any) -> str:
        return shown_adf(text) if self.cloud else shown_wiki(text)

    def _answer(self, seen: Seen) -> Reply:
        try:
            return self._judged(seen)
        except RefusedByJira as error:
            self.refused.append(str(error))
            return said(400, str(error))

    def _judged(self, seen: Seen) -> Reply:
        parts = urlsplit(seen.path)
        root = f"{self.path}/rest/api/{3 if self.cloud else 2}/"
        if not parts.path.startswith(root):
            return Reply(404, b"<html>no such page</html>", {"content-type": "text/html"})
        if not self._is_known(seen.headers.get("authorization", "")):
            return said(
                401, "You are not authenticated.", headers={"x-seraph-loginreason": "AUTHENTICATED_FAILED"}
            )
        steps = parts.path.removeprefix(root).split("/")
        name = " ".join([seen.method, *(step for place, step in enumerate(steps) if place != 1)])
        self.calls.append(name)
        scripted = self.answers.get(name)
        reply = scripted.pop(0) if scripted else None
        if reply is not None and not reply.fault:
            return reply
        done = self._done(seen, steps, parse_qs(parts.query))
        return reply or done

    def _is_known(self, authorization: str) -> bool:
        basic = base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
        return not self.is_locked and authorization == (f"Basic {basic}" if self.cloud else f"Bearer {TOKEN}")

    def _done(self, seen: Seen, steps: list[str], query: dict[str, list[str]]) -> Reply:
        body = json.loads(seen.body) if seen.body else None
        need(body is None or seen.headers.get("content-type") == "application/json", "a body that is no JSON")
        if steps[0] == "search":
            need(steps == (["search", "jql"] if self.cloud else ["search"]), "the removed search")
            return self._search(body)
        need(steps[0] == "issue", f"no such resource: {steps}")
        if steps[1:] == ["bulkfetch"] and self.cloud:
            return self._fetch(body)
        if len(steps) == 1:
            return self._create(body)
        key = self.moved.get(steps[1], steps[1])
        if key not in self.issues:
            return said(404, "Issue does not exist or you do not have permission to see it.")
        return self._of_issue(seen.method, key, steps[2:], query, body)

    def _of_issue(self, method: str, key: str, steps: list[str], query: Any, body: Any) -> Reply:
        issue = self.issues[key]
        if not steps:
            return took(self._shown_issue(key, issue, query.get("properties", [""])[0].split(",")))
        if steps[0] == "properties":
            need(method == "PUT" and len(json.dumps(body)) <= LIMIT, "a property")
            issue["properties"][steps[1]] = body
            return Reply(200)
        if steps[0] == "transitions":
            if method == "GET":
                return took({"transitions": [self._way(each, query) for each in self._ways(issue)]})
            return self._lead(issue, body)
        need(steps == ["comment"], f"no such resource: {steps}")
        return self._comment(issue, body) if method == "POST" else took(self._listed(issue, query))

    def _status(self, issue: Json) -> Json:
        name = issue["status"]
        return {"status": {"name": name, "statusCategory": {"key": STATUSES[name]}}}

    def _fetch(self, body: Json) -> Reply:
        """Issues by key, whatever the index knows; those that are not there are left out."""
        keys = body["issueIdsOrKeys"]
        need(set(body) <= {"issueIdsOrKeys", "fields", "properties"}, f"unknown parameters: {set(body)}")
        need(
            len(keys) <= MOST_FETCHED and len(body["properties"]) <= 5,
            "more than 100 issues, or 5 properties",
        )
        found = [(key, self.issues[key]) for key in keys if key in self.issues]
        return took({"issues": [self._shown_issue(key, one, body["properties"]) for key, one in found]})

    def _shown_issue(self, key: str, issue: Json, properties: list[str]) -> Json:
        kept = {name: value for name, value in issue["properties"].items() if name in properties}
        return {"id": issue["id"], "key": key, "fields": self._status(issue), "properties": kept}

    def _search(self, body: Json) -> Reply:
        need(set(body) <= {"jql", "maxResults", "fields"}, f"unknown parameters: {set(body)}")
        found = SEARCH.fullmatch(body["jql"])
        need(found, f"not bounded: {body['jql']}")
        if found[1] not in ("OPS", "WEB"):
            return said(400, f"The value '{found[1]}' does not exist for the field 'project'.")
        labelled = [key for key, one in self.issues.items() if found[2] in (None, *one["fields"]["labels"])]
        keys = [key for key in reversed(labelled) if key not in self.unindexed and key.startswith(found[1])]
        issues = [
            {"key": key, "fields": self._status(self.issues[key])} for key in keys[: body["maxResults"]]
        ]
        return took({"issues": issues} | ({"isLast": True} if self.cloud else {"total": len(issues)}))

    def _create(self, body: Json) -> Reply:
        need(set(body) <= {"fields", "properties"}, "unknown members")
        fields = body["fields"]
        errors = {name: told for name, told in self.required.items() if name not in fields}
        errors |= {name: f"Field '{name}' cannot be set." for name in set(fields) - FIELDS}
        if fields["project"].get("key") not in ("OPS", "WEB"):
            errors["project"] = "valid project is required"
        if (
            fields["issuetype"].get("name") not in TYPES
            and fields["issuetype"].get("id") not in TYPES.values()
        ):
            errors["issuetype"] = "The issue type selected is invalid."
        if errors:
            return said(400, **errors)
        need("\n" not in fields["summary"], "The summary is invalid because it contains newline characters.")
        need(0 < _units(fields["summary"]) <= SUMMARY, "Summary must be less than 255 characters.")
        for label in fields["labels"]:
            need(
                not re.search(r"\s", label) and 0 < len(label) <= MOST_LABEL,
                f"The label '{label}' contains spaces",
            )
        if too_long := self._too_long(fields["description"]):
            return said(400, description=too_long)
        key = f"{fields['project']['key']}-{len(self.issues) + 1}"
        properties = {each["key"]: each["value"] for each in body.get("properties", [])}
        self.issues[key] = {
            "id": str(10_000 + len(self.issues)),
            "fields": fields,
            "properties": properties,
            "status": "To Do",
            "comments": [],
        }
        return took({"id": self.issues[key]["id"], "key": key, "self": f"{self.url}/x"}, 201)

    def _comment(self, issue: Json, body: Json) -> Reply:
        need(set(body) <= {"body", "properties"}, "unknown members")
        if too_long := self._too_long(body["body"]):
            return said(400, comment=too_long)
        issue["comments"].append({"id": str(len(issue["comments"]) + 1)} | body)
        return took(issue["comments"][-1], 201)

    def _listed(self, issue: Json, query: dict[str, list[str]]) -> Json:
        found = issue["comments"][:: -1 if query.get("orderBy") == ["-created"] else 1]
        shown = {"id", "body"} | ({"properties"} if query.get("expand") == ["properties"] else set())
        most = int(query.get("maxResults", ["50"])[0])
        return {"comments": [{name: each[name] for name in shown} for each in found[:most]]}

    def _way(self, each: Json, query: dict[str, list[str]]) -> Json:
        return {
            k: v for k, v in each.items() if k != "fields" or query.get("expand") == ["transitions.fields"]
        }

    def _ways(self, issue: Json) -> list[Json]:
        """The transitions from where it is: none leads there."""
        return [each for each in self.transitions if each["to"]["name"] != issue["status"]]

    def _lead(self, issue: Json, body: Json) -> Reply:
        taken = next((each for each in self._ways(issue) if each["id"] == body["transition"]["id"]), None)
        if taken is None:
            return said(
                400, "It seems that you have tried to perform a workflow operation that is not valid here."
            )
        given, offered = body.get("fields", {}), taken["fields"]
        errors = {name: "cannot be set. It is not on the screen." for name in given if name not in offered}
        errors |= {n: f"{n} is required." for n, f in offered.items() if f["required"] and n not in given}
        if errors:
            return said(400, **errors)
        issue["status"] = taken["to"]["name"]
        issue["resolution"] = given.get("resolution")
        return Reply(204)

    def _too_long(self, text: Any) -> str:
        """Judge a text too. Cloud counts its JSON here, which is more than it may count."""
        self._shown(text)
        size = _units(json.dumps(text, ensure_ascii=False, separators=(",", ":")) if self.cloud else text)
        return f"The entered text is too long. It exceeds the allowed limit of {LIMIT} characters." * (
            size > LIMIT
        )


def way(number: str, name: str, status: str, **fields: Json) -> Json:
    """A transition, with what its screen offers."""
    to = {"name": status, "statusCategory": {"key": STATUSES[status]}}
    return {"id": number, "name": name, "to": to, "isAvailable": True, "fields": fields}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
