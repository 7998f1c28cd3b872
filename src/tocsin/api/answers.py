"""What goes out over HTTP: an `Answer` in bytes, made of a value or of an error, the same in every lane."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse

from tocsin.errors import Conflict, DedupeConflict, FieldError, InvalidInput, NotFound, TocsinError, TooSoon
from tocsin.sources.strict_json import MAX_REPORTED, Unparsable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger("tocsin.api")

RETRY_SECONDS = 2
JSON = "application/json"
PROBLEM = "application/problem+json"
COMMON = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))

NOTHING = "There is nothing here under this name, or it is another's."
FIELDS = "Some of what was sent cannot be used; see errors."
KINDS = {
    400: "unparsable",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid-field",
    429: "too-many-requests",
    500: "bug",
    503: "unavailable",
    501: "not-installed",
    507: "disk-full",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]

    def as_response(self) -> HttpResponse:
        """The same for Django."""
        return HttpResponse(self.body, status=self.status, headers=dict(self.headers))


class Refusal(TocsinError):
    """A request that is answered with this status before any stop of the river sees it."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = tuple((name.replace("_", "-"), value) for name, value in headers.items())


def value(content: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """`content` as JSON."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    return Answer(status, body, (("Content-Type", JSON), *COMMON, *headers))


def respond(content: Any, status: int = 200) -> HttpResponse:
    """`value` for Django."""
    return value(content, status).as_response()


def nothing() -> HttpResponse:
    """204."""
    response = HttpResponse(status=204, headers=dict(COMMON))
    del response["Content-Type"]  # there is no content
    return response


def problem(
    status: int,
    detail: str,
    errors: Iterable[FieldError] = (),
    headers: Iterable[tuple[str, str]] = (),
    kind: str = "",
) -> Answer:
    """An error as RFC 9457 has it, with one entry for each field."""
    content: dict[str, Any] = {
        "type": f"urn:tocsin:{kind or KINDS.get(status, 'error')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    listed = [
        {"pointer": error.pointer, "field": error.field, "message": error.message, "remedy": error.remedy}
        for error in errors
    ]
    if listed:
        content["errors"] = listed[:MAX_REPORTED]
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Answer(status, body, (("Content-Type", PROBLEM), *COMMON, *headers))


def unavailable(detail: str) -> Answer:
    """503: the caller may try again soon."""
    return problem(503, detail, headers=[("Retry-After", str(RETRY_SECONDS))])


def of_error(error: BaseException) -> Answer:
    """The answer to whatever was raised. Nobody is shown a traceback; what is a bug of ours is logged."""
    for kinds, word in _WORDED:
        if isinstance(error, kinds):
            return word(error)
    logger.error("a request failed", exc_info=error)
    return problem(500, "This is a mistake in the server; it has been logged.")


def _of_database_error(error: Any) -> Answer:
    logger.error("the database is not available: %s", error)
    if _is_disk_full(error):
        return problem(507, "The disk is full. Nothing was stored.", headers=[("Retry-After", "60")])
    return unavailable("The database is not available just now. Send it again, with a dedupe_key.")


def _of_refused_value(error: Any) -> Answer:
    """A value that passed our own checks, which is a gap in them."""
    logger.error("the database refuses a value", exc_info=error)
    return problem(
        422, FIELDS, [FieldError("event", "has a value that the database refuses.", "Simplify it.")]
    )


def _too_soon(error: Any) -> Answer:
    return problem(429, str(error), headers=[("Retry-After", str(math.ceil(error.seconds)))])


def _is_disk_full(error: Any) -> bool:
    cause = error.__cause__
    sqlite, postgres = getattr(cause, "sqlite_errorname", ""), getattr(cause, "sqlstate", "")
    return sqlite == "SQLITE_FULL" or postgres == "53100"


_WORDED: tuple[tuple[Any, Callable[[Any], Answer]], ...] = (
    (InvalidInput, lambda error: problem(422, FIELDS, error.errors)),
    (Unparsable, lambda error: problem(400, str(error))),
    ((NotFound, Http404), lambda error: problem(404, NOTHING)),
    (DedupeConflict, lambda error: problem(409, str(error), kind="dedupe-conflict")),
    (TooSoon, _too_soon),
    (Conflict, lambda error: problem(409, str(error))),
    (Refusal, lambda error: problem(error.status, error.detail, headers=error.headers)),
    ((OperationalError, InterfaceError), _of_database_error),
    (DataError, _of_refused_value),
    (PermissionDenied, lambda error: problem(403, "This is not allowed.")),
)
