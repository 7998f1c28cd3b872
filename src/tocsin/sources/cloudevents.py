"""CloudEvents 1.0 over HTTP, structured, binary and batch: turned into accept's input. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.sources import strict_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
PREFIX = "ce-"
VERSION = "1.0"
MOST_KEY = 190
REQUIRED = ("id", "source", "type")
EXTENSIONS = {
    "title": "title", "body": "body", "level": "level", "url": "url", "to": "to", "channel": "channel",
    "groupkey": "group_key", "status": "status", "dueat": "due_at", "expiresat": "expires_at",
    "organization": "organization", "project": "project",
}  # fmt: skip
"""Extension attributes that are fields of an event. Names of CloudEvents have neither capitals nor underscores."""
_NAME = re.compile(r"[a-z0-9]{1,60}")
_PLACES = {field: name for name, field in EXTENSIONS.items()} | {
    "dedupe_key": "id", "actor": "source", "about": "subject",
}  # fmt: skip


def kind_of(content_type: str, headers: Mapping[str, str]) -> str:
    """ "structured", "batch" or "binary"; empty for a request that is no CloudEvent."""
    media = content_type.partition(";")[0].strip().lower()
    if media in (STRUCTURED, BATCH):
        return "structured" if media == STRUCTURED else "batch"
    return "binary" if any(name.lower() == "ce-specversion" for name in headers) else ""


def of_binary(headers: Mapping[str, str], content_type: str, body: bytes) -> dict[str, Any]:
    """One event whose attributes are headers, and whose data is the body. Raises `InvalidInput`, `Unparsable`."""
    given: dict[str, Any] = {}
    for name, value in headers.items():
        lowered = name.lower()
        if lowered.startswith(PREFIX):
            given[lowered.removeprefix(PREFIX)] = unquote(value.strip().strip('"'), errors="replace")
    return of_attributes(given | {"datacontenttype": content_type}, lambda: _data_of(content_type, body))


def of_object(given: object) -> dict[str, Any]:
    """One event of the JSON format. Raises `InvalidInput` with every error."""
    if not isinstance(given, dict):
        raise invalid("event", "must be an object.", 'Send {"specversion": "1.0", …}.')
    attributes = {name: value for name, value in given.items() if name not in ("data", "data_base64")}
    return of_attributes(attributes, lambda: _data_in(given))


def of_attributes(given: Mapping[str, Any], data: Callable[[], Any]) -> dict[str, Any]:
    """The fields of an event, for `pipeline.parse`."""
    errors = [
        FieldError(name, "must be a string that is not empty.", "CloudEvents 1.0 require it.")
        for name in REQUIRED
        if not isinstance(given.get(name), str) or not given[name]
    ]
    if given.get("specversion") != VERSION:
        errors.append(FieldError("specversion", f"must be {VERSION!r}.", "Send CloudEvents 1.0."))
    errors += [
        FieldError(str(name)[:80], "is no name of an attribute.", "Use a to z and 0 to 9.")
        for name in given
        if not _NAME.fullmatch(str(name))
    ]
    payload: dict[str, Any] = {}
    try:
        payload = _as_object(data())
    except InvalidInput as error:
        errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    fields = {field: given[name] for name, field in EXTENSIONS.items() if given.get(name) not in (None, "")}
    if isinstance(fields.get("to"), str):
        fields["to"] = [one.strip() for one in fields["to"].split(",") if one.strip()]
    subject = str(given.get("subject") or "")
    fields.setdefault("title", f"{given['type']}: {subject}"[:300] if subject else given["type"][:300])
    return fields | {
        "type": given["type"],
        "about": subject[:200],
        "actor": given["source"][:200],
        "data": payload,
        "dedupe_key": key_of(given["source"], given["id"]),
    }


def key_of(source: str, event_id: str) -> str:
    """Source and id together are what makes a CloudEvent the same one."""
    plain = f"{source}#{event_id}"
    return (
        plain
        if len(plain) <= MOST_KEY
        else f"sha256:{hashlib.sha256(plain.encode(errors='replace')).hexdigest()}"
    )


def attribute_of(field: str) -> str:
    """The attribute that a field of an event came from, for error messages."""
    first, *rest = field.split(".")
    return ".".join([_PLACES.get(first, first), *rest])


def _data_in(given: Mapping[str, Any]) -> Any:
    if "data_base64" not in given:
        return given.get("data")
    if "data" in given:
        raise invalid("data_base64", "is there beside data.", "Send one of the two.")
    try:
        raw = base64.b64decode(given["data_base64"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise invalid("data_base64", "is no base64.", "Encode it, or send data.") from None
    return _data_of(str(given.get("datacontenttype") or ""), raw)


def _data_of(content_type: str, body: bytes) -> Any:
    """Data in bytes: JSON as what it says, text as it is, the rest in base64."""
    media = content_type.partition(";")[0].strip().lower()
    if not body:
        return None
    if media == "application/json" or media.endswith("+json"):
        return strict_json.loads(body)
    if media.startswith("text/"):
        try:
            return {"text": body.decode()}
        except UnicodeDecodeError:
            raise invalid("data", "is not UTF-8.", "Send text in UTF-8.") from None
    return {"base64": base64.b64encode(body).decode()}


def _as_object(data: Any) -> dict[str, Any]:
    if data is None:
        return {}
    return data if isinstance(data, dict) else {"value": data}
