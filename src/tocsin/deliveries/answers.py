"""What a channel answered, made fit to be written: a strange answer costs no other delivery anything. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.channels.outcomes import Cause, Later, Moot, Outcome, Rejected, Retry, Sent
from tocsin.channels.redact import strike
from tocsin.deliveries.retry import MAX_WISH_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_DETAIL = 500
MAX_PROVIDER_ID = 200


def fit(answer: object, secrets: Callable[[], Iterable[str]] = tuple) -> Outcome:
    """`answer` as an outcome the database takes, without the texts that `secrets` gives.

    What is no outcome is a bug of the channel, and tried again.
    """

    def _text(given: object, limit: int) -> str:
        return _storable(strike(str(given), secrets())[:limit]) if given else ""

    match answer:
        case Sent(provider_id):
            return Sent(_text(provider_id, MAX_PROVIDER_ID))
        case Moot():
            return answer
        case Later(cause, after):
            return Later(_cause(cause), _seconds(after) or 0.0)
        case Rejected(cause, detail, disable):
            return Rejected(_cause(cause), _text(detail, MAX_DETAIL), bool(disable))
        case Retry(cause, detail, after):
            return Retry(_cause(cause), _text(detail, MAX_DETAIL), _seconds(after))
    return Retry(Cause.BUG, f"The channel answered {type(answer).__name__}, which is no outcome.")


def _cause(given: object) -> Cause:
    return Cause(given) if given in Cause.values else Cause.BUG


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL, and nothing writes half a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _seconds(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return min(max(0.0, given), MAX_WISH_SECONDS)  # in this order: max(0.0, nan) is 0.0
