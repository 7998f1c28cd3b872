"""What GitHub's answers mean, each with what its reader can do. Of GitHub's words only known ones are repeated."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Outcome, Rejected, Retry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEAST_REST_SECONDS = 60.0
"""Where GitHub says that it is asked too often, and not until when."""
LONGEST_REST_SECONDS = 86_400.0
_NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)
_PERMISSIONS = re.compile(r"[a-z_]+=[a-z]+(?:[,;] ?[a-z_]+=[a-z]+)*", re.ASCII)
_MOMENT = re.compile(r"[0-9]{1,12}", re.ASCII)
_LIMITED = ("rate limit", "abuse detection", "submitted too quickly")

FORBIDDEN: Mapping[str, tuple[Cause, str, bool]] = {
    "archived": (Cause.GONE, "the repository is archived: unarchive it, or save another", True),
    "is locked": (
        Cause.REFUSED_RECIPIENT,
        "the issue is locked: unlock it, or let the token be a writer's",
        False,
    ),
    "saml": (Cause.NOT_AUTHORISED, "authorize the token for the organization's single sign-on", False),
    "ip allow list": (Cause.NOT_AUTHORISED, "the organization's IP allow list lacks this server", False),
    "suspended": (Cause.NOT_AUTHORISED, "the installation of the App, or the account, is suspended", True),
    "not accessible": (
        Cause.NOT_AUTHORISED,
        "give the token write access to Issues (to Contents for a dispatch)",
        False,
    ),
}
"""Words of a 403: the cause, what to do, and whether only the destination's owner can mend it."""
_HINTS: Mapping[int, tuple[Cause, str, bool]] = {
    401: (Cause.NOT_AUTHORISED, "the token is wrong, revoked or expired: make a new one and save it", True),
    403: (
        Cause.NOT_AUTHORISED,
        "the token may not do this: give it write access to Issues (to Contents for a dispatch)",
        False,
    ),
    404: (Cause.GONE, "there is no such repository, or the token may not see it or write to it", True),
    410: (Cause.GONE, "the repository has its issues turned off: turn them on, or save another", True),
    451: (Cause.GONE, "the repository is not available for legal reasons", True),
}


def read(response: http.Response) -> Outcome:
    """The outcome that an answer calls for which is no yes."""
    status, words = response.status, _words(response.body)
    said = " ".join(words).lower()
    if (after := _rest(response, said)) is not None:
        return Retry(Cause.THROTTLED, f"GitHub answered {status}: too many requests.", after)
    if 300 <= status < 400:
        hint = "the repository was renamed or moved, or the API is elsewhere: save the repository's new name"
        return Rejected(Cause.REDIRECT, f"GitHub answered {status}: {hint}.")
    if status == 403:
        return _forbidden(response, said)
    if status == 422:
        return _invalid(response, said)
    if status in _HINTS:
        return _told(status, _HINTS[status])
    return http.classify(response)


def of_an_issue(outcome: Outcome) -> Outcome:
    """The same, where it concerns one issue and not the repository: the destination stays as it is."""
    if isinstance(outcome, Rejected) and outcome.cause == Cause.GONE:
        return Rejected(outcome.cause, "GitHub no longer knows the issue, or the token may not write to it.")
    return outcome


def strange(response: http.Response) -> Outcome:
    """The outcome of a yes that is not GitHub's."""
    origin = http.origin_of(response.request.url)
    return Retry(Cause.SERVER_ERROR, f"{origin} did not answer as GitHub does")


def _told(status: int, meaning: tuple[Cause, str, bool]) -> Outcome:
    cause, hint, is_for_owner = meaning
    return Rejected(cause, f"GitHub answered {status}: {hint}.", disable_destination=is_for_owner)


def _rest(response: http.Response, said: str) -> float | None:
    """How long GitHub wants quiet, as its documentation says it; None where it wants none."""
    limited = any(words in said for words in _LIMITED)
    if response.status not in (403, 429) and not (response.status == 422 and limited):
        return None
    after = http.parse_retry_after(response.header("retry-after"), clock.now())
    if after is not None:
        return after
    reset = response.header("x-ratelimit-reset")
    if response.header("x-ratelimit-remaining") == "0" and _MOMENT.fullmatch(reset):
        return min(max(int(reset) - clock.now().timestamp(), 1.0), LONGEST_REST_SECONDS)
    return LEAST_REST_SECONDS if limited or response.status == 429 else None


def _forbidden(response: http.Response, said: str) -> Outcome:
    needed = response.header("x-accepted-github-permissions")
    for words, meaning in FORBIDDEN.items():
        if words in said:
            if words == "not accessible" and _PERMISSIONS.fullmatch(needed):
                cause, _, is_for_owner = meaning
                return _told(403, (cause, f"the token lacks a permission ({needed})", is_for_owner))
            return _told(403, meaning)
    return _told(403, _HINTS[403])


def _invalid(response: http.Response, said: str) -> Outcome:
    """A 422: which field is at fault, and how, where GitHub says it in its own short words."""
    if "too long" in said or "too large" in said:
        return Rejected(Cause.TOO_LARGE, "GitHub answered 422: the text is too long.")
    errors = _json(response.body).get("errors")
    faults = [_fault(one) for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    told = ", ".join(filter(None, faults[:5]))
    return Rejected(Cause.REFUSED_CONTENT, f"GitHub answered 422{told and f': {told}'}.")


def _fault(error: Mapping[str, Any]) -> str:
    parts = (error.get("field"), error.get("code"))
    return " ".join(part for part in parts if isinstance(part, str) and _NAME.fullmatch(part))


def _words(body: bytes) -> list[str]:
    return list(_texts(_json(body)))


def _texts(answer: Mapping[str, Any]) -> Iterator[str]:
    """GitHub's message, and those of its errors."""
    errors = answer.get("errors")
    for one in (answer, *(errors if isinstance(errors, list) else ())):
        text = one.get("message") if isinstance(one, dict) else one
        if isinstance(text, str):
            yield text


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
