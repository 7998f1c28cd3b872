"""The API's description: what ninja writes, with bodies, security and the problem type put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api import answers
from tocsin.api.auth import INBOX, PUBLIC, READER, SIGNATURE
from tocsin.api.destination_shapes import CodeIn, DestinationChange, DestinationIn, DisableIn
from tocsin.api.rule_shapes import RuleChange, RuleIn, SimulateIn
from tocsin.api.schemas import EventIn, Problem, RescheduleIn, SeenIn, SnoozeIn
from tocsin.api.series_shapes import SeriesIn
from tocsin.api.window_shapes import PreferencesChange, WindowsChange
from tocsin.sources import cloudevents, signed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ninja import Schema

REF = "#/components/schemas/{model}"
ALWAYS = (401, 403, 422, 429, 503)
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer tcs_…`"},
    "inbox": {"type": "http", "scheme": "bearer", "description": "`Bearer tci_…`, of `tocsin.inbox_token()`."},
    "signature": {
        "type": "apiKey", "in": "header", "name": "webhook-signature",
        "description": "Standard Webhooks, with one of the sender's secrets.",
    },
    "session": {
        "type": "apiKey", "in": "cookie", "name": "sessionid",
        "description": "The session of the site; other methods than GET need the header X-CSRFToken.",
    },
}  # fmt: skip
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    READER: [{"session": []}],
    INBOX: [{"inbox": []}, {"session": []}],
    SIGNATURE: [{"signature": []}],
}
_EVENT = {"$ref": REF.format(model="EventIn")}
_EVENTS = {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": 1000}
_CLOUD = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"type": "string", "minLength": 1},
    },
}
EVENTS_BODY = {
    "required": True,
    "content": {
        answers.JSON: {"schema": {"oneOf": [_EVENT, _EVENTS]}},
        cloudevents.STRUCTURED: {"schema": _CLOUD},
        cloudevents.BATCH: {"schema": {"type": "array", "items": _CLOUD, "maxItems": 1000}},
    },
}
ANY_OBJECT = {"required": True, "content": {answers.JSON: {"schema": {"type": "object"}}}}
SIGNED_HEADERS = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in signed.HEADERS
]
UNKNOWN_TO_NINJA = (
    Problem, EventIn, DestinationIn, DestinationChange, DisableIn, CodeIn, RuleIn, RuleChange, SimulateIn,
    WindowsChange, PreferencesChange, SeenIn, SnoozeIn, RescheduleIn, SeriesIn,
)  # fmt: skip
"""Errors, and bodies, which we read ourselves."""
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 190},
    "description": "The `dedupe_key` of the whole request; in a list, `key#index`.",
}


def body_of(model: type[Schema], *, required: bool = True) -> dict[str, Any]:
    """The description of a body; its model must be in `UNKNOWN_TO_NINJA`."""
    schema = {"$ref": REF.format(model=model.__name__)}
    return {"required": required, "content": {answers.JSON: {"schema": schema}}}


def describe(
    decision: str, *, problems: Iterable[int] = (), parameters: Iterable[dict[str, Any]] = (),
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What ninja cannot know of an operation: who may call it, and how it fails."""
    secured = decision != PUBLIC
    statuses = [*problems, *ALWAYS] if secured else list(problems)
    made: dict[str, Any] = {"responses": {status: _problem(status) for status in sorted(statuses)}}
    if secured:
        made["security"] = _SECURITY.get(decision, [{"token": []}, {"session": []}])
        made["x-scope"] = decision
    if parameters:
        made["parameters"] = list(parameters)
    if body:
        made["requestBody"] = body
    return made


def _problem(status: int) -> dict[str, Any]:
    content = {answers.PROBLEM: {"schema": {"$ref": REF.format(model="Problem")}}}
    return {"description": answers.KINDS[status].replace("-", " ").capitalize(), "content": content}


def with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """The description with the problem type, the bodies and the security schemes among its components."""
    components = schema.setdefault("components", {})
    shapes = components.setdefault("schemas", {})
    for model in UNKNOWN_TO_NINJA:
        made = model.model_json_schema(ref_template=REF)
        shapes |= made.pop("$defs", {})
        shapes[model.__name__] = made
    components["securitySchemes"] = SCHEMES
    return schema
