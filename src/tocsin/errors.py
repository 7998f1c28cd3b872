"""The errors tocsin raises: each names the field and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class TocsinError(Exception):
    """Base of everything tocsin raises on purpose."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field, and what to do about it.

    `pointer` is the JSON pointer of the value in a request body ("#/3/level"), empty for Python calls.
    """

    field: str
    message: str
    remedy: str = ""
    pointer: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" + (f" {self.remedy}" if self.remedy else "")


class InvalidInput(TocsinError, ValueError):
    """The caller's input is wrong. Nothing was stored."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = errors


def invalid(field: str, message: str, remedy: str = "") -> InvalidInput:
    """Shorthand for an `InvalidInput` with one `FieldError`."""
    return InvalidInput(FieldError(field, message, remedy))


class DedupeConflict(TocsinError):
    """The dedupe key belongs to another event with a different body (HTTP 409)."""

    def __init__(self, dedupe_key: str, event_id: str) -> None:
        super().__init__(
            f"dedupe_key: {dedupe_key!r} belongs to event {event_id}, whose content differs. "
            "Send the same content again, or use another key."
        )
        self.dedupe_key = dedupe_key
        self.event_id = event_id


class NotFound(TocsinError, LookupError):
    """What was asked for does not exist, or belongs to another organization: the two are not told apart."""


class TooSoon(TocsinError):
    """It was done a moment ago. `seconds` says how long to wait (HTTP 429)."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(f"{message} Try again in {max(1, round(seconds))} s.")
        self.seconds = seconds


class Conflict(TocsinError):
    """The thing exists, but its state does not allow what was asked (HTTP 409)."""


def overtaken(by: str, at: datetime, version: int) -> Conflict:
    """The `Conflict` of whoever saves a version that somebody else has changed since they read it."""
    moment = at.isoformat(timespec="seconds")
    return Conflict(f"It was changed by {by} at {moment}: it is version {version} now. Read it again.")
