"""Webhooks of Prometheus Alertmanager: each alert becomes an event, however strange it is. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tocsin.errors import FieldError, InvalidInput
from tocsin.events.draft import UNFIT

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT_TYPE = "alert:prometheus"
MOST_ALERTS = 1_000
MOST_LABELS, LONGEST_LABEL = 100, 1_000
LONGEST_BODY = 20_000
TITLE, NAME = 300, 200
LEVELS = {
    "critical": ("critical", "emergency", "fatal", "disaster", "page", "p1"),
    "error": ("error", "errors", "high", "major", "p2"),
    "warning": ("warning", "warn", "minor", "medium", "p3", "p4"),
    "info": ("info", "information", "informational", "notice", "low", "none", "debug", "ok", "p5"),
}
"""What people write into the label `severity`."""
_LEVEL_OF = {word: level for level, words in LEVELS.items() for word in words}
UNKNOWN = "error"
"""The level of an alert whose severity says nothing that is known: rather too loud than not heard."""
NEVER = "0001-01-01"
"""Go's zero time, as Alertmanager writes an end that is not known."""


def events_of(payload: object) -> list[dict[str, Any]]:
    """The fields of an event for each alert. Raises `InvalidInput` for what is no webhook of Alertmanager at all."""
    if not isinstance(payload, dict) or not isinstance(payload.get("alerts"), list):
        raise InvalidInput(
            FieldError("alerts", "must be a list.", "Point Alertmanager's webhook_configs here.", "#/alerts")
        )
    alerts = payload["alerts"]
    if len(alerts) > MOST_ALERTS:
        raise InvalidInput(
            FieldError(
                "alerts", f"has {len(alerts)}; {MOST_ALERTS} are the most.", "Set max_alerts.", "#/alerts"
            )
        )
    common = {
        "labels": _texts(payload.get("commonLabels")),
        "annotations": _texts(payload.get("commonAnnotations")),
    }
    return [_event(alert if isinstance(alert, dict) else {}, payload, common) for alert in alerts]


def _event(
    alert: Mapping[str, Any], payload: Mapping[str, Any], common: Mapping[str, dict[str, str]]
) -> dict[str, Any]:
    labels = common["labels"] | _texts(alert.get("labels"))
    notes = common["annotations"] | _texts(alert.get("annotations"))
    resolved = _text(alert.get("status") or payload.get("status")).lower() == "resolved"
    fingerprint = _text(alert.get("fingerprint"))[:NAME] or _digest(labels)
    starts, ends = _text(alert.get("startsAt")), _text(alert.get("endsAt"))
    name = labels.get("alertname", "") or "An alert"
    where = next((labels[one] for one in ("instance", "pod", "job", "service") if labels.get(one)), "")
    told = notes.get("summary") or notes.get("title") or (f"{name} ({where})" if where else name)
    data = {
        "alertname": labels.get("alertname", ""),
        "labels": labels,
        "annotations": notes,
        "severity": labels.get("severity", ""),
        "receiver": _text(payload.get("receiver"))[:NAME],
        "starts_at": starts[:40],
        "ends_at": "" if ends.startswith(NEVER) else ends[:40],
        "external_url": _text(payload.get("externalURL"))[:2_000],
        "truncated": payload.get("truncatedAlerts") if isinstance(payload.get("truncatedAlerts"), int) else 0,
    }
    return {
        "type": EVENT_TYPE,
        "title": f"Resolved: {told}"[:TITLE] if resolved else told[:TITLE],
        "body": _body(notes, labels),
        "level": _LEVEL_OF.get(labels.get("severity", "").strip().lower(), UNKNOWN),
        "url": _link(alert.get("generatorURL")),
        "about": f"alert/{name}"[:NAME],
        "group_key": f"alertmanager:{fingerprint}"[:NAME],
        "status": "resolved" if resolved else "open",
        "data": data,
        "dedupe_key": f"alertmanager:{_digest([fingerprint, starts, resolved])}",
    }


def _body(notes: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """The description, and the labels as a list of what cannot be mistaken for Markdown."""
    said = [notes[name] for name in ("description", "message") if notes.get(name)]
    if link := _link(notes.get("runbook_url")):
        said.append(f"[Runbook](<{link}>)")
    listed = [f"- {_code(name)}: {_code(value)}" for name, value in sorted(labels.items())]
    return "\n\n".join([*said, "\n".join(listed)])[:LONGEST_BODY]


def _code(text: str) -> str:
    return "`" + text.replace("`", "'") + "`" if text else "`-`"


def _texts(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        return {}
    return {
        _text(name)[:NAME]: _text(value)[:LONGEST_LABEL] for name, value in list(given.items())[:MOST_LABELS]
    }


def _text(value: object) -> str:
    """One line of whatever somebody sent."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return UNFIT.sub(" ", text).strip()


def _link(value: object) -> str:
    """A link to http or https; anything else is left out."""
    text = _text(value)
    fits = text.startswith(("http://", "https://")) and len(text) <= 2_000 and not set(text) & set(' <>"\\')
    return text if fits else ""


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
