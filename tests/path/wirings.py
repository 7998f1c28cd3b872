"""Registrations as another package would write them: what the documentation shows, and the tests run."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

import tocsin
from tocsin.channels import http
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Sent

tocsin.event_type("audit:login", label="Somebody signed in", channels=["message"])
tocsin.event_type("audit:key:made", label="A key was made", channels=["message"])
tocsin.event_type("feedback:new", label="Feedback", channels=["message"])
tocsin.event_type("release:published", label="Release", channels=["message"])
tocsin.event_type("quota:reached", label="Quota reached", channels=["message"])
tocsin.event_type("project:notice", label="Notice", channels=["message"])
tocsin.register_service("jira", "Jira")
tocsin.register_service("github", "GitHub")
tocsin.register_target("issue-tracker", "A tracker's project")


def post(url: str, content: Any, headers: dict[str, str], read: Any = http.classify) -> Outcome:
    """One request through the guarded way to HTTP."""
    body = json.dumps(content).encode()
    return http.post(http.Request(url, body, {"Content-Type": "application/json", **headers}), read)


@tocsin.register_action(trigger="audit:*", service="slack", target="specific")
class AuditToSlack(tocsin.Action):
    """One plain line in a channel of the workspace, without buttons and colours."""

    def fire(self, data: Any) -> Outcome:
        line = {
            "channel": self.rule["target_identifier"],
            "text": f"{data['actor'] or 'somebody'}: {data['title']}",
        }
        headers = {"Authorization": f"Bearer {settings.AUDIT_SLACK_TOKEN}"}
        return post(f"{settings.AUDIT_SLACK_URL}chat.postMessage", line, headers)


@tocsin.register_action(trigger="feedback:new", service="jira", target="issue-tracker")
class FeedbackToJira(tocsin.Action):
    """An issue in the project that the rule names."""

    def fire(self, data: Any) -> Outcome:
        fields = {
            "project": {"key": self.rule["target_identifier"]},
            "issuetype": {"name": "Task"},
            "summary": data["title"],
            "description": data["body"],
            "labels": [f"tocsin-{data['id']}"],
        }
        login = base64.b64encode(f"{settings.JIRA_USER}:{settings.JIRA_TOKEN}".encode()).decode()
        return post(
            f"{settings.JIRA_URL}rest/api/2/issue",
            {"fields": fields},
            {"Authorization": f"Basic {login}"},
            self.read,
        )

    def read(self, response: http.Response) -> Outcome:
        if response.status == 400:
            return Rejected(Cause.REFUSED_CONTENT, http.excerpt(response.body))
        outcome = http.classify(response)
        return Sent(json.loads(response.body)["key"]) if isinstance(outcome, Sent) else outcome

    @classmethod
    def validate_action(cls, action: Any) -> None:
        if not action["target_identifier"].isupper():
            raise ValidationError({"target_identifier": "is no key of a project, such as SHOP."})

    @classmethod
    def serialize_available(cls, organization: str, destinations: Any) -> list[dict[str, Any]]:
        return [{"target_identifier": "SHOP", "label": f"The shop's issues of {organization}"}]


@tocsin.register_action(trigger="release:published", service="github", target="specific")
class ReleaseToGitHub(tocsin.Action):
    """Starts the workflows of a repository that wait for a release."""

    def fire(self, data: Any) -> Outcome:
        sent = {
            "event_type": "release",
            "client_payload": {"version": data["data"]["version"], "by": self.rule["name"]},
        }
        headers = {
            "Authorization": f"Bearer {settings.GITHUB_TOKEN}",
            "Accept": "application/vnd.github+json",
        }
        return post(f"{settings.GITHUB_URL}repos/{self.rule['target_identifier']}/dispatches", sent, headers)
