"""What Jira's answers mean. Of its words only names of fields are repeated."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Outcome, Rejected, Retry, Sent
from tocsin.channels.jira.issue import KEY, safe_names

if TYPE_CHECKING:
    from collections.abc import Mapping

NEW_TOKEN = (
    "save a new token, and with it the e-mail address of its account; a token with scopes needs the URL "  # noqa: S105
    "https://api.atlassian.com/ex/jira/CLOUD-ID"
)
PERMISSIONS = (
    "give the account the project's permissions to browse it, create, edit and transition issues and add comments; "
    "a token with scopes needs read:jira-work and write:jira-work"
)
HINTS: Mapping[str, tuple[Cause, str, bool]] = {
    "project": (Cause.GONE, "the project is gone, or the account may not create issues in it", True),
    "issuetype": (
        Cause.BAD_SETTINGS,
        "the project has no such issue type: set issue_type to one that it has",
        False,
    ),
    "labels": (
        Cause.BAD_SETTINGS,
        "put Labels on the project's create screen: issues are found by one",
        False,
    ),
    "description": (Cause.BAD_SETTINGS, "put Description on the project's create screen", False),
}
"""Fields that Jira refuses: the cause, what to do, and whether the destination is at fault."""
_DEFAULTS = "make these fields optional or give them a default in Jira, or choose another issue_type"
_TOO_LONG = re.compile(r"CONTENT_LIMIT_EXCEEDED|too long|exceed|limit", re.IGNORECASE)
_NEEDED = re.compile(r"([\w ,()/-]{1,60}?) is required\.?")
_REASON = re.compile(r"[A-Za-z-]{1,60}", re.ASCII)


def answer_of(response: http.Response) -> dict[str, Any] | Outcome:
    """The object that a look-up answered, or the outcome where it answered none."""
    if (trouble := trouble_of(response)) is not None:
        return trouble
    return answer if (answer := _json(response.body)) else strange(response)


def read_created(response: http.Response) -> Outcome:
    """The outcome of `POST /issue`."""
    answer = answer_of(response)
    if not isinstance(answer, dict):
        return answer
    key = answer.get("key")
    return Sent(key) if isinstance(key, str) and KEY.fullmatch(key) else strange(response)


def read_comment(response: http.Response, key: str) -> Outcome:
    """The outcome of a comment on the issue `key`."""
    answer = answer_of(response)
    if not isinstance(answer, dict):
        return answer
    return Sent(key) if answer.get("id") else strange(response)


def is_missing(response: http.Response) -> bool:
    """Whether an issue is no longer there. Jira says the same of what a failed login may not see."""
    return response.status == 404 and _login(response) is None and bool(_json(response.body))


def trouble_of(response: http.Response) -> Outcome | None:
    """Why a request did not do what it asks; None where it did."""
    if (outcome := _login(response)) is not None:
        return outcome
    if 200 <= response.status < 300:
        return None
    return _READERS.get(response.status, http.classify)(response)


def _login(response: http.Response) -> Outcome | None:
    """A login that failed. What is open to all is answered all the same, with 200 or 404: headers tell."""
    reason = response.header("x-seraph-loginreason")
    if "AUTHENTICATION_DENIED" in reason or "CAPTCHA" in response.header("x-authentication-denied-reason"):
        told = "Jira wants to see a person after failed logins: log in as the account once in a browser"
        return Rejected(Cause.NOT_AUTHORISED, f"{told}, and answer the CAPTCHA.")
    category = response.header("x-failure-category").startswith("FAILURE_CLIENT_AUTH")
    nobody = response.header("x-ausername") == "anonymous"
    if response.status == 401 or "AUTHENTICATED_FAILED" in reason or category or nobody:
        return Rejected(
            Cause.NOT_AUTHORISED, f"Jira does not know the account: {NEW_TOKEN}.", disable_destination=True
        )
    return None


def _slower(response: http.Response) -> Outcome:
    """A limit of Jira's. It tells the time in one header or in the other, and in a third what was too much."""
    now = clock.now()
    after = http.parse_retry_after(response.header("retry-after"), now)
    if after is None:
        try:
            after = (datetime.fromisoformat(response.header("x-ratelimit-reset")) - now).total_seconds()
        except (ValueError, TypeError):
            after = None
    reason = response.header("ratelimit-reason")
    why = f" ({reason})" if _REASON.fullmatch(reason) else ""
    return Retry(Cause.THROTTLED, f"Jira answered 429{why}.", max(after, 0.0) if after is not None else None)


def _refused(response: http.Response) -> Outcome:
    """A request that Jira found wrong: by what fields, and what the destination's owner can do."""
    answer = _json(response.body)
    errors = answer.get("errors")
    errors = {str(name): str(told) for name, told in errors.items()} if isinstance(errors, dict) else {}
    said = " ".join(map(str, messages)) if isinstance(messages := answer.get("errorMessages"), list) else ""
    if any(
        _TOO_LONG.search(told)
        for name, told in errors.items()
        if name in ("summary", "description", "comment")
    ):
        told = "Jira's limit of a text is lower here than the 32,767 characters that it has by default."
        return Rejected(Cause.TOO_LARGE, told)
    for name, (cause, hint, disables) in HINTS.items():
        if name in errors or f"field '{name}'" in said.lower():  # the latter of a search
            return Rejected(cause, f"Jira refused the field {name}: {hint}.", disable_destination=disables)
    if names := safe_names(_named(name, told) for name, told in errors.items()):
        return Rejected(Cause.REFUSED_CONTENT, f"Jira refused {', '.join(names)}: {_DEFAULTS}.")
    return Rejected(
        Cause.REFUSED_CONTENT, f"{http.origin_of(response.request.url)} answered {response.status}"
    )


def _forbidden(response: http.Response) -> Outcome:
    return Rejected(Cause.NOT_AUTHORISED, f"Jira answered {response.status}: {PERMISSIONS}.")


def _conflict(response: http.Response) -> Outcome:
    return Retry(
        Cause.SERVER_ERROR, f"Jira answered {response.status}: somebody else changes the issue just now."
    )


def _not_found(response: http.Response) -> Outcome:
    told = (
        "the project or the issue is not there, the account may not see it, or the URL is not that of a Jira"
    )
    return Rejected(Cause.REFUSED_RECIPIENT, f"Jira answered {response.status}: {told}.")


_READERS = {400: _refused, 403: _forbidden, 404: _not_found, 409: _conflict, 422: _refused, 429: _slower}


def _named(field: str, told: str) -> str:
    """A field's id, with its name where Jira says that it is required."""
    found = _NEEDED.fullmatch(told)
    return f"{found[1]} ({field})" if found and found[1].casefold() != field.casefold() else field


def strange(response: http.Response) -> Retry:
    """An answer that is none of Jira's, such as a proxy's page."""
    return Retry(Cause.SERVER_ERROR, f"{http.origin_of(response.request.url)} did not answer as Jira does")


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
