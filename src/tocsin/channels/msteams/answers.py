"""What the answers of a Teams workflow mean; of older webhooks too, which say 200 and tell the error in the text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Outcome, Rejected, Retry, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE = re.compile(r"[A-Za-z]{3,60}", re.ASCII)
_FAILED = re.compile(
    rb'[\s"]*Webhook message delivery failed with error.{0,200}?HTTP error ([0-9]{3})', re.DOTALL
)
_BAD_FORM = re.compile(rb'[\s"]*(?:Summary or Text is required|Bad payload received)')
_TOO_LARGE = (b"MessageSizeExceeded", b"MessageSizeTooBig", b"RequestEntityTooLarge")
_WRONG_URL = "its URL is not valid any more: copy the whole URL from the workflow's trigger and save it"

GONE: Mapping[str, tuple[Cause, str]] = {
    "WorkflowNotFound": (Cause.GONE, "the workflow was deleted: make a new one and save its URL"),
    "WorkflowTriggerNotFound": (Cause.GONE, "the workflow has no such trigger: copy its URL again"),
    "WorkflowTriggerIsNotEnabled": (
        Cause.GONE,
        "the workflow is turned off or was deleted: turn it on again",
    ),
    "DirectApiAuthorizationRequired": (Cause.NOT_AUTHORISED, _WRONG_URL),
    "DirectApiRequestHasInvalidSignature": (Cause.NOT_AUTHORISED, _WRONG_URL),
    "DirectApiInvalidAuthorizationScheme": (Cause.NOT_AUTHORISED, _WRONG_URL),
}
"""Errors that only the destination's owner can mend: it is disabled, and the owner reads the second half."""


def read(response: http.Response) -> Outcome:
    """The outcome. 202 means that the workflow was started: whether its steps succeed, it does not say."""
    if 200 <= response.status < 300:
        return _told_in_text(response)
    if response.status in (400, 413) and any(name in response.body for name in _TOO_LARGE):
        return Rejected(Cause.TOO_LARGE, "Teams answered that the message is too large.")
    code = _code(response.body)
    if code in GONE and 400 <= response.status < 500:
        cause, hint = GONE[code]
        return Rejected(cause, f"Teams answered {code}: {hint}.", disable_destination=True)
    if response.status == 401:
        return Rejected(Cause.NOT_AUTHORISED, f"Teams answered 401: {_WRONG_URL}.", disable_destination=True)
    outcome = http.classify(response)
    if code and isinstance(outcome, Rejected):
        return Rejected(outcome.cause, f"{outcome.detail}, {code}", outcome.disable_destination)
    return outcome


def _told_in_text(response: http.Response) -> Outcome:
    if found := _FAILED.match(response.body):
        return _inner(int(found[1]), response)
    if _BAD_FORM.match(response.body):
        return Rejected(Cause.REFUSED_CONTENT, "Teams answered 200 with an error about the message's form.")
    return Sent()


def _inner(status: int, response: http.Response) -> Outcome:
    detail = f"Teams answered 200 with the error {status} in its text."
    if status == 429:
        after = http.parse_retry_after(response.header("retry-after"), clock.now())
        return Retry(Cause.THROTTLED, detail, after)
    if status >= 500 or status == 408:
        return Retry(Cause.SERVER_ERROR, detail)
    if status == 413:
        return Rejected(Cause.TOO_LARGE, detail)
    return Rejected(Cause.REFUSED_CONTENT, detail)


def _code(body: bytes) -> str:
    """The code of an error in the form of Azure's services: {"error": {"code": …}}."""
    try:
        error = json.loads(body)["error"]["code"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return error if isinstance(error, str) and _CODE.fullmatch(error) else ""
