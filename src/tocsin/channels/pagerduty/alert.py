"""How a message looks in PagerDuty: an alert in the Common Event Format, within 512 KB."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from tocsin import conf
from tocsin.channels.chat.event import absolute, gravest, links_of
from tocsin.channels.event_json import event_json
from tocsin.channels.shorten import shortened
from tocsin.channels.subject import in_language_of, subject_of
from tocsin.channels.text import to_text

if TYPE_CHECKING:
    from tocsin.channels.base import EventView, Message

LIMIT = 512_000
"""Bytes that PagerDuty takes: "512 KB", of which it does not say how many a KB has."""
RESERVED = 1024
"""For the key, and for notes about what was left out."""
SUMMARY = 1024
LONGEST_KEY = 200
"""PagerDuty takes 255 characters, the ledger keeps 200."""
TRIGGERS = ("open", "update")
LEAST = 256
"""With less room than this another event is left out."""
_ELSEWHERE = ("title", "body", "data", "url", "actions")
"""What of an event's JSON is not told as it stands there."""

Json = dict[str, Any]


def encode(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def dedup_key(message: Message) -> str:
    """What PagerDuty knows the alert by: the same for all events of a group, and for all attempts without one."""
    group, organization = message.group, message.event.organization
    if not group:
        return message.key
    key = f"{organization}/{group}"
    if len(key) <= LONGEST_KEY:
        return key
    return f"{organization}/{hashlib.sha256(group.encode()).hexdigest()}"


def document(message: Message) -> Json:
    """All that is sent but the key. An acknowledgement or a resolution says why, too."""
    with in_language_of(message):
        made = _frame(message)
        details = made["payload"]["custom_details"]
        room = LIMIT - RESERVED - len(encode(made))
        details |= _content(message.event, room)
        room = LIMIT - RESERVED - len(encode(made))
        details |= _further(message.events[1:], room)
        return made


def _frame(message: Message) -> Json:
    """The alert without texts of any length."""
    event, given = message.event, message.target.settings
    where = "/".join(filter(None, (event.organization, event.project)))
    payload = {
        "summary": shortened(subject_of(message), lambda text: len(text) <= SUMMARY),
        "source": given.get("source") or event.about or where,
        "severity": gravest(message).slug,
        "timestamp": event.created_at.isoformat(),
        "component": given.get("component"),
        "group": given.get("group") or event.project,
        "class": event.type,
    }
    made = {
        "event_action": "trigger" if message.action in TRIGGERS else message.action,
        "dedup_key": dedup_key(message),
        "payload": _filled(payload) | {"custom_details": _facts(event)},
        "client": "tocsin",
        "client_url": absolute(conf.get("BASE_URL")),
        "links": [{"href": url, "text": label or url} for label, url in links_of(event) if _is_web(url)],
    }
    return _filled(made)


def _facts(event: EventView) -> Json:
    """What is known of an event, by the names that the API has for it; addresses of e-mail are no links here."""
    known = {name: value for name, value in event_json(event).items() if name not in _ELSEWHERE}
    mail = [f"{label} {url}".strip() for label, url in links_of(event) if not _is_web(url)]
    return _filled(known | {"url": absolute(event.url), "mail": mail})


def _content(event: EventView, room: int) -> Json:
    """Body and data. Where both are too much the data go first, then the end of the body; both are said."""
    body, data = to_text(event.body).strip(), dict(event.data)
    whole = _filled({"body": body, "data": data})
    if len(encode(whole)) <= room:
        return whole
    if data:
        whole["data"] = gettext("… left out: %d bytes") % len(encode(data))
    note = gettext("… The text was shortened.")

    def fits(text: str) -> bool:
        return len(encode(whole | {"body": f"{text}\n{note}"})) <= room

    if body and len(encode(whole)) > room:
        whole["body"] = f"{shortened(body[: room + 1], fits)}\n{note}"
    return whole


def _further(events: tuple[EventView, ...], room: int) -> Json:
    """The events after the first, as many as there is room for, and how many were left out."""
    told: list[Json] = []
    for event in events:
        entry = {"title": event.title} | _facts(event)
        room -= len(encode(entry)) + 1
        if room < LEAST:
            break
        content = _content(event, room)
        room -= len(encode(content))
        told.append(entry | content)
    omitted = len(events) - len(told)
    return _filled({"events": told, "events_omitted": omitted})


def _is_web(url: str) -> bool:
    return not url.lower().startswith("mailto:")


def _filled(given: Json) -> Json:
    return {name: value for name, value in given.items() if value}
