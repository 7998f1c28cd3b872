"""`POST /events`, without the framework: both the Django view and the group-commit lane call these steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin import pipeline
from tocsin.api import answers
from tocsin.channels import registry
from tocsin.errors import FieldError, InvalidInput
from tocsin.sources import strict_json
from tocsin.sources.strict_json import MAX_REPORTED, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.api.answers import Answer
    from tocsin.events.accept import Accepted
    from tocsin.events.draft import Draft
    from tocsin.tenants.scope import Scope

MAX_EVENTS = 1000
MAX_KEY = 190
"""Shorter than a dedupe key by what "#999" takes, and a little more."""
WRITE, ADDRESS = "events:write", "events:address"


def is_json(content_type: str) -> bool:
    """Whether a Content-Type header says JSON in UTF-8."""
    media, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return media.strip().lower() == answers.JSON and charset in ("", "charset=utf-8")


def read(body: bytes, idempotency_key: str | None, scope: Scope) -> list[Draft]:
    """The events of one request. Raises whatever is wrong with them, with pointers into the body."""
    return _drafts(strict_json.loads(body), idempotency_key, scope)


def accepted(events: Sequence[Accepted]) -> Answer:
    """202, in the order of the input."""
    listed = ",".join(f'{{"id":"{one.id}","created":{"true" if one.created else "false"}}}' for one in events)
    return answers.Answer(202, b'{"events":[' + listed.encode() + b"]}", _HEADERS)


_HEADERS = (("Content-Type", answers.JSON), *answers.COMMON)


def _drafts(value: Any, idempotency_key: str | None, scope: Scope) -> list[Draft]:
    key = _clean_key(idempotency_key)
    if not isinstance(value, list):
        return [_draft(value, key, scope, ())]
    if not 1 <= len(value) <= MAX_EVENTS:
        raise InvalidInput(
            FieldError(
                "event", f"The list has {len(value)} events.", f"Send 1 to {MAX_EVENTS} at a time.", "#"
            )
        )
    return each(value, lambda item, index: _draft(item, key and f"{key}#{index}", scope, (index,)))


def each(items: Sequence[Any], draft_of: Callable[[Any, int], Draft]) -> list[Draft]:
    """The draft of each of a list. Raises `InvalidInput` with what is wrong with all of them."""
    drafts: list[Draft] = []
    errors: list[FieldError] = []
    for index, item in enumerate(items):
        try:
            drafts.append(draft_of(item, index))
        except InvalidInput as error:
            errors += error.errors
            if len(errors) >= MAX_REPORTED:
                break
    if errors:
        raise InvalidInput(*errors)
    return drafts


def _draft(value: Any, key: str | None, scope: Scope, place: tuple[int, ...]) -> Draft:
    if not isinstance(value, dict):
        raise InvalidInput(
            FieldError("event", "must be an object.", 'Send {"type": …, "title": …}.', pointer(place))
        )
    if key is not None:
        value = _with_key(value, key, place)
    try:
        draft = pipeline.parse(value, scope)
    except InvalidInput as error:
        raise InvalidInput(*(pointed(one, place) for one in error.errors)) from None
    refuse_addresses(draft, scope)
    return draft


def _with_key(value: Mapping[str, Any], key: str, place: tuple[int, ...]) -> dict[str, Any]:
    if value.get("dedupe_key") not in (None, key):
        where = pointer((*place, "dedupe_key"))
        raise InvalidInput(
            FieldError("dedupe_key", "is not the header Idempotency-Key.", "Send one of the two.", where)
        )
    return {**value, "dedupe_key": key}


def _clean_key(key: str | None) -> str | None:
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise InvalidInput(
            FieldError(
                "Idempotency-Key", f"must be 1 to {MAX_KEY} printable ASCII characters.", "Send a UUID."
            )
        )
    return key


def pointed(error: FieldError, place: tuple[int, ...]) -> FieldError:
    """An error with the place in the body of the field it names."""
    where = pointer((*place, *error.field.split(".")))
    return FieldError(error.field, error.message, error.remedy, where)


def refuse_addresses(draft: Draft, scope: Scope) -> None:
    """Raise `Refusal` where an event names bare addresses and the caller may not."""
    if not draft.to or scope.may(ADDRESS):
        return
    channels = registry.channels()
    if any(term.partition(":")[0] in channels for term in draft.to):
        raise answers.Refusal(
            403, f"Bare addresses in `to` need the scope {ADDRESS}, which this token lacks."
        )
