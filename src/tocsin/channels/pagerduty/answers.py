"""What the answers of the Events API v2 mean: 202 is a yes, 400 says what is wrong in a list of sentences."""

from __future__ import annotations

import json
import re

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Outcome, Rejected, Retry, Sent

REST_SECONDS = 60.0
"""PagerDuty counts the events of the last 60 seconds, and does not say when to come back."""
THROTTLING = (429, 403)
"""403 is how the first version of the API says it; the second documents 429."""
_SENTENCE = re.compile(r"[A-Za-z0-9_'(). ,-]{1,200}", re.ASCII)
_ABOUT_THE_KEY = re.compile(r"routing[_ ]key|service key", re.IGNORECASE)
_FIELD = re.compile(r"'((?:payload\.)?[a-z_]{1,30})'", re.ASCII)
_NEW_KEY = (
    "PagerDuty does not know the integration key: the integration was deleted, or is not of the type Events API v2, "
    "or is in the other region. Copy its key again and save it."
)


def read(response: http.Response, name: str) -> Outcome:
    """The outcome of an event whose `dedup_key` is `name`. A 202 means that it waits to be processed."""
    status = response.status
    if status == 202 or (200 <= status < 300 and _told(response, "status") == "success"):
        return Sent(name)
    if 200 <= status < 300:
        origin = http.origin_of(response.request.url)
        return Retry(Cause.SERVER_ERROR, f"{origin} did not answer as PagerDuty does")
    if status in THROTTLING:
        after = http.parse_retry_after(response.header("retry-after"), clock.now())
        return Retry(
            Cause.THROTTLED, f"PagerDuty answered {status}.", REST_SECONDS if after is None else after
        )
    return _refused(response) if status == 400 else http.classify(response)


def _refused(response: http.Response) -> Outcome:
    """Of PagerDuty's words only the names of fields are repeated."""
    sentences = _sentences(response)
    if any(_ABOUT_THE_KEY.search(sentence) for sentence in sentences):
        return Rejected(Cause.GONE, _NEW_KEY, disable_destination=True)
    if fields := ", ".join(dict.fromkeys(_FIELD.findall(" ".join(sentences)))):
        return Rejected(Cause.REFUSED_CONTENT, f"PagerDuty answered that the event is invalid: {fields}.")
    return http.classify(response)


def _sentences(response: http.Response) -> list[str]:
    """The errors of the list; or the whole answer, where that is one sentence and no JSON."""
    told = _told(response, "errors")
    errors = told if isinstance(told, list) else [response.body.decode("utf-8", "replace").strip()]
    return [error for error in errors if isinstance(error, str) and _SENTENCE.fullmatch(error)]


def _told(response: http.Response, name: str) -> object:
    """One member of the answer; None where it has none, or is no JSON object."""
    try:
        return json.loads(response.body)[name]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
