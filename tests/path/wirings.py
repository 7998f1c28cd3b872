"""A registration as another package would write it: what the documentation shows, and the tests run."""

from __future__ import annotations

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


@tocsin.register_action(trigger="audit:*", service="slack", target="specific")
class AuditToSlack(tocsin.Action):
    """One plain line in a channel of the workspace, without buttons and colours."""

    def fire(self, data: Any) -> Outcome:
        line = f"{data['actor'] or 'somebody'}: {data['title']}"
        if self.rule["options"].get("signed"):
            line += f" ({self.rule['name']})"
        body = json.dumps({"channel": self.rule["target_identifier"], "text": line}).encode()
        headers = {
            "Authorization": f"Bearer {settings.AUDIT_SLACK_TOKEN}",
            "Content-Type": "application/json; charset=utf-8",
        }
        request = http.Request(f"{settings.AUDIT_SLACK_URL}chat.postMessage", body, headers)
        return http.post(request, self.read)

    def read(self, response: http.Response) -> Outcome:
        """Slack says no under status 200, too."""
        outcome = http.classify(response)
        if not isinstance(outcome, Sent):
            return outcome
        said = json.loads(response.body)
        return Sent(said["ts"]) if said["ok"] else Rejected(Cause.REFUSED_CONTENT, said["error"])

    @classmethod
    def validate_action(cls, action: Any) -> None:
        if not action["target_identifier"].startswith("#"):
            raise ValidationError({"target_identifier": "is no channel, such as #audit."})

    @classmethod
    def serialize_available(cls, organization: str, destinations: Any) -> list[dict[str, Any]]:
        return [
            {"target_identifier": one["label"], "label": f"{one['label']} of {organization}"}
            for one in destinations
            if one["channel"] == "slack" and one["label"].startswith("#")
        ]
