"""The JSON object in the body of a request: read strictly, with its known fields and nothing else."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.api.answers import Refusal
from tocsin.api.ingest import is_json
from tocsin.api.limits import read_capped
from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.sources import strict_json
from tocsin.sources.strict_json import MAX_REPORTED, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from django.http import HttpRequest

MAX_BYTES = 65_536
"""Of a body that is no event."""


def refuse_unless_json(request: HttpRequest, instead: str = "") -> None:
    """Raise `Refusal` with 415 unless the body is JSON as it is. `instead` names what else might be sent."""
    if not is_json(request.headers.get("Content-Type", "")):
        raise Refusal(415, f"Send the body as JSON, with `Content-Type: application/json`{instead}.")
    refuse_encoded(request)


def refuse_encoded(request: HttpRequest) -> None:
    """Raise `Refusal` with 415 for a body that is compressed."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refusal(415, "Send the body as it is, without a Content-Encoding.")


def read_object(
    request: HttpRequest, known: Collection[str], *, optional: bool = False, most: int = MAX_BYTES
) -> dict[str, Any]:
    """The object that was sent, of at most so many bytes; an empty one for no body at all, where that is `optional`.

    Raises `Refusal` with 413 or 415, `Unparsable`, and `InvalidInput` for fields that are not `known`.
    """
    body = read_capped(request)
    if optional and not body:
        return {}
    refuse_unless_json(request)
    if len(body) > most:
        raise Refusal(413, f"The body is larger than {most} bytes. Send less.")
    given = strict_json.loads(body)
    if not isinstance(given, dict):
        raise InvalidInput(FieldError("body", "must be an object.", "Send {name: value}.", "#"))
    unknown = [name for name in given if name not in known][:MAX_REPORTED]
    if unknown:
        raise InvalidInput(*(_unknown(name, known) for name in unknown))
    return given


def _unknown(name: str, known: Collection[str]) -> FieldError:
    return FieldError(name[:80], "is no field here.", nearest(name, known), pointer([name[:80]]))


def text_of(given: dict[str, Any], name: str) -> str:
    """The text of a field, empty where it is absent or null. Raises `InvalidInput` for what is not one line."""
    text = given.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise invalid(name, "must be a string.", 'Send it in quotes, as "…".')
    if not text.isprintable():
        raise invalid(name, "must be one line without control characters.", "Take them out.")
    return text


def collect(*steps: Callable[[], Any]) -> list[Any]:
    """What each step gives. Raises `InvalidInput` with the errors of all of them."""
    found: list[Any] = []
    errors: list[FieldError] = []
    for step in steps:
        try:
            found.append(step())
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    return found


@contextmanager
def placed(*above: str, depth: int = 1) -> Iterator[None]:
    """Give each error that is raised within the place in the body of the field it names.

    `above` is where the fields are. Of a field only so many dots part names: a setting's name may have some.
    """
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(*(_placed(one, above, depth) for one in error.errors)) from None


def _placed(error: FieldError, above: tuple[str, ...], depth: int) -> FieldError:
    return replace(error, pointer=error.pointer or pointer([*above, *error.field.split(".", depth)]))
