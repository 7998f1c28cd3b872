"""Accounts at providers (a mail API, an SMS API): what it means when one refuses. Pure decisions.

Address and credentials of such an account are the operator's: where they are wrong, nobody's destination is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.channels import http
from tocsin.channels.mail import replies
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Retry
from tocsin.channels.redact import strike

if TYPE_CHECKING:
    from collections.abc import Iterable

_ACCOUNT = {
    401: Cause.NOT_AUTHORISED,
    403: Cause.NOT_AUTHORISED,
    404: Cause.BAD_SETTINGS,
    405: Cause.BAD_SETTINGS,
    410: Cause.BAD_SETTINGS,
}
_UNSENT = {"invalid", "rejected", "failed"}
"""What django-anymail calls a recipient to whom the provider will not send."""


def at_operators_account(response: http.Response) -> Retry | Rejected:
    """What an HTTP answer that names no message means where address and credentials are the operator's.

    A wrong password or address is tried again, so that no message is lost while the operator mends it, and
    never disables a destination.
    """
    outcome = http.classify(response)
    if isinstance(outcome, Retry):
        return outcome
    if not isinstance(outcome, Rejected):
        origin = http.origin_of(response.request.url)
        return Retry(Cause.SERVER_ERROR, f"{origin} answered {response.status}, but not what it should")
    cause = Cause.BAD_SETTINGS if outcome.cause == Cause.REDIRECT else _ACCOUNT.get(response.status)
    return Retry(cause, outcome.detail) if cause else outcome


def unsendable(error: BaseException, url: str, secrets: Iterable[str]) -> Outcome:
    """What it means that a mail backend raised this for one message. `url` is the provider's address."""
    refused = not_taken(getattr(error, "email_message", None))
    if refused is not None:
        return refused
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return replies.unsendable(error)
    answer = getattr(error, "response", None)
    wish = str(getattr(answer, "headers", {}).get("Retry-After", "")).encode("latin-1", "replace")
    outcome = at_operators_account(
        http.Response(status, b"", http.Request(url, b"", {}), [b"retry-after: " + wish])
    )
    words = strike(str(getattr(answer, "text", "")), secrets)
    return replace(outcome, detail=replies.describe(status, words.encode("ascii", "replace")))


def not_taken(mail: Any) -> Outcome | None:
    """The refusal that django-anymail has noted on a message; None where there is none.

    Only "invalid" is about the address alone: "rejected" may be the sender's domain or the operator's own list.
    """
    status = getattr(mail, "anymail_status", None)
    said = getattr(status, "status", None)
    if not said or not said <= _UNSENT:
        return None
    if "failed" in said:
        return Retry(Cause.SERVER_ERROR, "the mail provider says that it failed")
    return Rejected(
        Cause.REFUSED_RECIPIENT,
        f"the mail provider says that the address is {', '.join(sorted(said))}",
        disable_destination=said == {"invalid"},
    )


def provider_id(mail: Any) -> str:
    """The id that django-anymail leaves on a message it has sent."""
    return str(getattr(getattr(mail, "anymail_status", None), "message_id", None) or "")
