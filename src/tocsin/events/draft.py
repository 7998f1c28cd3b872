"""Validating an event: foreign values in, a clean `Draft` out, or every error at once with its remedy."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db.models import Model

from tocsin import conf
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events import types
from tocsin.events.states import Status
from tocsin.levels import Level, parse_level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_TITLE = 300
MAX_ACTIONS = 10
MAX_URL = 2000
MAX_NAME = 200
MAX_DEPTH = 20
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
PAST = timedelta(days=366)

FIELDS = (
    "type", "title", "body", "level", "data", "to", "channel", "url", "actions", "actor", "about", "due_at",
    "expires_at", "still_valid", "group_key", "status", "dedupe_key", "organization", "project",
)  # fmt: skip

# Control characters and lone surrogates; a body may have tabs and line breaks.
UNFIT = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")
NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
UNFIT_IN_BODY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(slots=True)
class Draft:
    """An event that passed validation and is not stored yet. `due_at` None means at once."""

    organization: int
    type: str
    title: str
    level: Level
    project: int | None = None
    body: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    to: tuple[str, ...] = ()
    channel: str = ""
    url: str = ""
    actions: tuple[dict[str, str], ...] = ()
    actor: str = ""
    about: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None
    still_valid: str | dict[str, Any] = ""
    """The name of a check, or a condition."""
    group_key: str = ""
    status: str = Status.OPEN.value
    dedupe_key: str | None = None
    max_recipients: int | None = None
    """Of the token it came with."""
    series: int | None = None
    """The key of the series that it is an occurrence of."""

    def body_hash(self) -> str:
        """SHA-256 of the canonical JSON of all fields but the dedupe key; empty without a key."""
        if not self.dedupe_key:
            return ""
        fields = asdict(self)
        del fields["dedupe_key"], fields["max_recipients"], fields["series"]
        canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(canonical.encode()).hexdigest()


def clean(given: Mapping[str, Any], now: datetime, organization: int | None = None) -> dict[str, Any]:
    """The clean value of each field given that needs no other room, and of those that must be there.

    Audience, channel, condition, organization and project are the caller's; its own types are known by its key.
    Raises `InvalidInput` with all errors.
    """
    errors: list[FieldError] = []
    cleaned: dict[str, Any] = {}
    try:
        cleaned["type"] = types.get_type(given.get("type"), organization).key
    except InvalidInput as error:
        errors += error.errors
    for name, cleaner in CLEANERS.items():
        if name in given or name in REQUIRED:
            try:
                cleaned[name] = cleaner(name, given.get(name))
            except InvalidInput as error:
                errors += error.errors
    if not errors:
        errors += _judge_times(cleaned, now)
    if errors:
        raise InvalidInput(*errors)
    if cleaned.get("level") is None:
        cleaned["level"] = types.find(cleaned["type"]).level
    return cleaned


def _judge_times(cleaned: Mapping[str, Any], now: datetime) -> list[FieldError]:
    due, ends = cleaned.get("due_at"), cleaned.get("expires_at")
    if due is not None and due < now - PAST:
        return [FieldError("due_at", f"{due.isoformat()} is long past.", "Leave it out to send at once.")]
    if ends is not None and ends <= (due or now):
        return [FieldError("expires_at", "is not after the due date.", "Give a later time, or none.")]
    return []


def one_line(name: str, value: object, limit: int = MAX_NAME) -> str:
    """A single printable line of at most `limit` characters; '' for None."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(name, "must be a string.")
    if len(value) > limit:
        raise invalid(name, f"has {len(value)} characters; {limit} are the most.", "Shorten it.")
    if UNFIT.search(value):
        raise invalid(name, "has line breaks or control characters.", "Write it in one line.")
    return value


def _title(name: str, value: object) -> str:
    title = one_line(name, value, MAX_TITLE).strip()
    if not title:
        raise invalid(name, "is missing.", "Say in one line what happened.")
    return title


def _body(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(name, "must be a string.", "Write Markdown.")
    _judge_size(name, len(value.encode(errors="replace")))
    if UNFIT_IN_BODY.search(value):
        raise invalid(name, "has control characters.", "Take them out; line breaks and tabs are fine.")
    return value


def _judge_size(name: str, size: int) -> None:
    if size > conf.get("MAX_BODY_BYTES"):
        limit = conf.get("MAX_BODY_BYTES")
        raise invalid(name, f"has {size} bytes; {limit} are the most.", "Send a link to the rest.")


def _level(name: str, value: object) -> Level | None:
    return None if value is None else parse_level(value)


def clean_data(name: str, value: object) -> dict[str, Any]:
    """A JSON object that every database keeps, of bounded size and depth; {} for None."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(name, "must be an object.", "Send {name: value}.")
    if not value:
        return {}
    _judge_depth(name, value)
    try:
        text = _strict_encoder.encode(value)
        _judge_size(name, len(text.encode()))
    except UnicodeEncodeError:
        raise invalid(name, "has lone surrogates.", "Send valid Unicode.") from None
    except (TypeError, ValueError) as error:
        raise invalid(
            name, f"cannot be written as JSON: {error}.", "Use strings, numbers, lists, objects."
        ) from None
    if "\\u0000" in text and NUL_IN_JSON.search(text):
        raise invalid(name, "has NUL characters.", "Take them out.")
    return value


_strict_encoder = json.JSONEncoder(allow_nan=False, ensure_ascii=False)


def _judge_depth(name: str, value: object, depth: int = 1) -> None:
    if depth > MAX_DEPTH:
        raise invalid(name, f"is nested deeper than {MAX_DEPTH}.", "Flatten it.")
    children: Iterable[object] = value  # type: ignore[assignment]
    if isinstance(value, dict):
        children = value.values()
        for key in value:
            if not isinstance(key, str):
                raise invalid(name, "has a key that is no string.", "Use strings as keys.")
    for child in children:
        if isinstance(child, dict | list | tuple):
            _judge_depth(name, child, depth + 1)


def clean_url(name: str, value: object) -> str:
    """An http, https or mailto link, or a path on this site."""
    url = one_line(name, value, MAX_URL).strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise invalid(name, "is no URL.", "Give https://… or a path such as /invoices/42.") from None
    relative = not parts.scheme and not parts.netloc and "\\" not in url and not url.startswith("//")
    if not (relative or parts.scheme == "mailto" or (parts.scheme in ("http", "https") and parts.netloc)):
        raise invalid(
            name, "is no http, https or mailto link.", "Give https://… or a path such as /invoices/42."
        )
    return url


def _actions(name: str, value: object) -> tuple[dict[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or len(value) > MAX_ACTIONS:
        raise invalid(name, f"must be a list of at most {MAX_ACTIONS}.", 'Send [{"label": …, "url": …}].')
    cleaned = []
    for index, action in enumerate(value):
        where = f"{name}.{index}"
        if not isinstance(action, dict) or set(action) != {"label", "url"}:
            raise invalid(where, "must have a label and a url, and nothing else.")
        label, url = one_line(f"{where}.label", action["label"]), clean_url(f"{where}.url", action["url"])
        if not label or not url:
            raise invalid(where, "has an empty label or url.", "Fill both.")
        cleaned.append({"label": label, "url": url})
    return tuple(cleaned)


def _actor(name: str, value: object) -> str:
    if isinstance(value, Model):
        return f"user:{value.pk}" if value.pk is not None else ""
    return one_line(name, value)


def about_key(name: str, value: object) -> str:
    """The object an event hangs on: "shop.invoice/42" for a model instance, else the string itself."""
    if isinstance(value, Model):
        if value.pk is None:
            raise invalid(name, "is not saved yet.", "Save the object first.")
        return f"{value._meta.label_lower}/{value.pk}"
    return one_line(name, value)


def clean_time(name: str, value: object) -> datetime | None:
    """An aware time from a datetime or RFC 3339 text."""
    if value is None:
        return None
    if isinstance(value, str):
        value = _parsed(name, value)
    if not isinstance(value, datetime):
        raise invalid(name, "must be a time.", "Give an aware datetime.")
    if value.tzinfo is None or value.utcoffset() is None:
        raise invalid(name, "has no time zone.", "Add an offset, such as +01:00 or Z.")
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        raise invalid(name, "is out of range.", "Give a time before the year 2200.") from None
    if not datetime(1970, 1, 1, tzinfo=UTC) <= moment < LATEST:
        raise invalid(name, "is out of range.", "Give a time from 1970 to 2199.")
    return moment


def _parsed(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, f"{text[:40]!r} is no time.", "Write it as 2026-12-24T08:00:00+01:00.") from None


def _status(name: str, value: object) -> str:
    if value is None:
        return Status.OPEN.value
    if value not in Status.values:
        raise invalid(name, f"{value!r} is no status.", f"Use one of: {', '.join(Status.values)}.")
    return str(value)


def _dedupe_key(name: str, value: object) -> str | None:
    return one_line(name, value) or None


REQUIRED = frozenset({"title"})
CLEANERS: dict[str, Callable[[str, Any], Any]] = {
    "title": _title,
    "body": _body,
    "level": _level,
    "data": clean_data,
    "url": clean_url,
    "actions": _actions,
    "actor": _actor,
    "about": about_key,
    "due_at": clean_time,
    "expires_at": clean_time,
    "group_key": one_line,
    "status": _status,
    "dedupe_key": _dedupe_key,
}
