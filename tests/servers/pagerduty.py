"""A loopback Events API v2 of PagerDuty, as strict as the documentation, with the alerts that it makes of events."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from tests.servers.http_sink import HttpSink, Reply

if TYPE_CHECKING:
    from tests.servers.http_sink import Seen

KEY = "e93facc04764012d7bfb0025s3cretK1"
LIMIT = 512_000
MEMBERS = {"routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"}
FIELDS = {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}
SEVERITIES = ("critical", "error", "warning", "info")
ACTIONS = ("trigger", "acknowledge", "resolve")


@dataclass
class Alert:
    """What the events of one `dedup_key` made, until it is resolved."""

    status: str = "triggered"
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        return [event["payload"]["summary"] for event in self.events]


def errors_of(event: dict[str, Any]) -> list[str]:
    """What PagerDuty would refuse; and what it would take, but nobody means."""
    told = [f"'{name}' is not permitted" for name in sorted(set(event) - MEMBERS)]
    if event.get("event_action") not in ACTIONS:
        told.append("'event_action' is invalid (must be one of the following: trigger, acknowledge, resolve)")
    if not 0 < len(event.get("dedup_key") or "") <= 255:
        told.append("'dedup_key' is missing, or too long (maximum is 255 characters)")
    told += payload_errors(event.get("payload"))
    told += [f"'links' has {link}" for link in event.get("links", []) if not is_link(link)]
    if "client_url" in event and not is_url(event["client_url"]):
        told.append("'client_url' is no URL")
    return told


def payload_errors(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing"]
    told = [f"'payload.{name}' is not permitted" for name in sorted(set(payload) - FIELDS)]
    texts = {name: payload.get(name) for name in FIELDS - {"custom_details"} if name in payload}
    told += [f"'payload.{name}' is blank" for name, text in texts.items() if not is_text(text)]
    told += [
        f"'payload.{name}' is missing or blank" for name in ("summary", "source") if not payload.get(name)
    ]
    if len(payload.get("summary", "")) > 1024:
        told.append("'payload.summary' is too long (maximum is 1024 characters)")
    if payload.get("severity") not in SEVERITIES:
        told.append(
            "'payload.severity' is invalid (must be one of the following: critical, error, warning, info)"
        )
    if not datetime.fromisoformat(payload["timestamp"]).tzinfo:
        told.append("'payload.timestamp' has no zone")
    if not isinstance(payload.get("custom_details", {}), dict):
        told.append("'payload.custom_details' is no object")
    return told


def is_text(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())


def is_url(url: object) -> bool:
    return isinstance(url, str) and bool(re.fullmatch(r"https?://[^\s]+", url))


def is_link(link: Any) -> bool:
    return isinstance(link, dict) and set(link) <= {"href", "text"} and is_url(link.get("href"))


class PagerdutyServer:
    """`with PagerdutyServer() as pagerduty:`; `pagerduty.alerts` is what is shown, by dedup_key, the newest last."""

    def __init__(self) -> None:
        self.sink = HttpSink(self._answer)
        self.alerts: dict[str, list[Alert]] = {}
        self.dropped: list[dict[str, Any]] = []
        """Acknowledgements and resolutions of what is not open."""
        self.refused: list[str] = []
        self.keys = {KEY}
        self.answers: list[Reply | None] = []
        """For the next requests in turn; None for what PagerDuty would answer, `LOST` to take it and say nothing."""
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return self.sink.url

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event that arrived, whatever was answered."""
        return [json.loads(seen.body) for seen in self.sink.requests]

    def __enter__(self) -> Self:
        self.sink.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sink.__exit__(*exc)

    def _answer(self, seen: Seen) -> Reply:
        with self._lock:
            scripted = self.answers.pop(0) if self.answers else None
            if scripted is not None and scripted is not LOST:
                return scripted
            answer = self._take(seen)
            return answer if scripted is None else LOST

    def _take(self, seen: Seen) -> Reply:
        if (seen.method, seen.path) != ("POST", "/v2/enqueue"):
            return Reply(404, b"404 page not found")
        if len(seen.body) > LIMIT:
            return Reply(413)
        event = json.loads(seen.body)
        if told := self._errors(seen, event):
            self.refused += told
            return refusal(*told)
        self._apply(event)
        return accepted(event["dedup_key"])

    def _errors(self, seen: Seen, event: Any) -> list[str]:
        if seen.headers["content-type"] != "application/json" or not isinstance(event, dict):
            return ["JSON parse error"]
        key = event.pop("routing_key", "")
        if not re.fullmatch(r"[A-Za-z0-9]{32}", key):
            return ["Length of 'routing_key' is incorrect (should be 32 characters)"]
        return errors_of(event) if key in self.keys else ["Invalid routing key"]

    def _apply(self, event: dict[str, Any]) -> None:
        alerts = self.alerts.setdefault(event["dedup_key"], [])
        is_open = bool(alerts) and alerts[-1].status != "resolved"
        if event["event_action"] == "trigger":
            if not is_open:
                alerts.append(Alert())
        elif not is_open:
            self.dropped.append(event)
            return
        else:
            alerts[-1].status = event["event_action"] + (
                "ed" if event["event_action"] == "acknowledge" else "d"
            )
        alerts[-1].events.append(event)


LOST = Reply(fault="drop")


def accepted(name: str) -> Reply:
    told = {"status": "success", "message": "Event processed", "dedup_key": name}
    return Reply(202, json.dumps(told).encode(), {"content-type": "application/json"})


def refusal(*errors: str) -> Reply:
    """A 400 as PagerDuty words it."""
    told = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return Reply(400, json.dumps(told).encode(), {"content-type": "application/json"})
