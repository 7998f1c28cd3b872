"""CloudEvents at `POST /events`: read in their three forms, with pointers to what the sender wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin import pipeline
from tocsin.api import ingest
from tocsin.errors import FieldError, InvalidInput
from tocsin.sources import cloudevents, strict_json
from tocsin.sources.strict_json import pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.events.draft import Draft
    from tocsin.tenants.scope import Scope


def read(kind: str, headers: Mapping[str, str], content_type: str, body: bytes, scope: Scope) -> list[Draft]:
    """The events of one request. Raises whatever is wrong with them."""
    if kind == "binary":
        return [_draft(lambda: cloudevents.of_binary(headers, content_type, body), scope, ())]
    value = strict_json.loads(body)
    if kind == "structured":
        return [_draft(lambda: cloudevents.of_object(value), scope, ())]
    if not isinstance(value, list) or len(value) > ingest.MAX_EVENTS:
        remedy = f"Send a list of at most {ingest.MAX_EVENTS}."
        raise InvalidInput(FieldError("event", "must be a list of CloudEvents.", remedy, "#"))
    return ingest.each(value, lambda one, at: _draft(lambda: cloudevents.of_object(one), scope, (at,)))


def _draft(fields: Callable[[], dict[str, Any]], scope: Scope, place: tuple[int, ...]) -> Draft:
    try:
        draft = pipeline.parse(fields(), scope)
    except InvalidInput as error:
        raise InvalidInput(*(_pointed(one, place) for one in error.errors)) from None
    ingest.refuse_addresses(draft, scope)
    return draft


def _pointed(error: FieldError, place: tuple[int, ...]) -> FieldError:
    name = cloudevents.attribute_of(error.field)
    return replace(error, field=name, pointer=pointer((*place, *name.split("."))))
