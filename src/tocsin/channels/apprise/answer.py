"""What Apprise's yes, no or nothing means, with the help of what its plugin said. Pure."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from tocsin.channels import http
from tocsin.channels.outcomes import Cause, Outcome, Retry, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.channels.apprise.ears import Heard

_STATUS = re.compile(r"\berror=(?:([345]\d\d)|([45]\d\d)\d\d)\.?$")
"""How plugins end the line about a refusal; ntfy's numbers have two more digits behind the status."""
_FAILURE = "Socket Exception: "
_CAUSES = (
    (re.compile(r"timed out|timeout", re.IGNORECASE), Cause.TIMEOUT),
    (re.compile(r"NameResolution|Name or service not known|getaddrinfo", re.IGNORECASE), Cause.DNS),
    (re.compile(r"SSL|certificate", re.IGNORECASE), Cause.TLS),
    (re.compile(r"refused", re.IGNORECASE), Cause.REFUSED),
)


def outcome_of(answer: object, heard: Iterable[Heard], origin: str) -> Outcome:
    """`answer` is the plugin's; `origin` is what may be shown of the far side. Their words are never repeated."""
    if answer is True:
        return Sent()
    heard = list(heard)
    if status := _status(heard):
        return http.classify(http.Response(status, b"", http.Request(origin, b"", {})))
    for line in heard:
        if line.text.startswith(_FAILURE):
            return Retry(_cause(line.text), f"{origin}: no answer")
    return Retry(Cause.SERVER_ERROR, f"{origin} did not take it")


def _status(heard: Iterable[Heard]) -> int:
    """The last HTTP status in a warning. Lines below say what was sent, and so what anybody wrote."""
    found = [_STATUS.search(line.text) for line in heard if line.level >= logging.WARNING]
    return next((int(match[1] or match[2]) for match in reversed(found) if match), 0)


def _cause(text: str) -> Cause:
    return next((cause for pattern, cause in _CAUSES if pattern.search(text)), Cause.DISCONNECTED)
