"""What the answers of push services mean. They are few: RFC 8030 and 8292, and words of the browsers' makers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Outcome, Rejected, Retry, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

AGAIN = "push has to be switched off and on again in that browser"
_KEY = "it did not accept our key: look at this machine's clock, TOCSIN['WEBPUSH_CONTACT'] and TOCSIN['WEBPUSH_KEYS']"
_OTHER_KEY = f"the browser subscribed under another key: {AGAIN}"

WORDS: Mapping[bytes, str] = {
    b"VapidPkHashMismatch": _OTHER_KEY,
    b"do not correspond to the credentials": _OTHER_KEY,
    b"does not correspond to the sender ID": _OTHER_KEY,
    b"VAPID public key mismatch": _OTHER_KEY,
    b"BadJwtToken": "TOCSIN['WEBPUSH_CONTACT'] must be a real address, and this machine's clock right",
    b"BadWebPushTopic": "it did not accept the topic",
}
"""Of an answer with 400, 401 or 403: what to do."""


def read(response: http.Response) -> Outcome:
    """The outcome. `Sent` keeps nothing of Location: who knows it can take the message back."""
    status = response.status
    told = f"{http.origin_of(response.request.url)} answered {status}"
    if 200 <= status < 300:
        return Sent()
    if status in (404, 410):
        return Rejected(Cause.GONE, f"{told}: the subscription is gone; {AGAIN}.", disable_destination=True)
    if status in (401, 403):
        return Rejected(Cause.NOT_AUTHORISED, f"{told}: {_hint(response, _KEY)}.")
    if status == 400:
        hint = _hint(response, "it refused the message, or our key")
        cause = Cause.NOT_AUTHORISED if hint == _OTHER_KEY else Cause.REFUSED_CONTENT
        return Rejected(cause, f"{told}: {hint}.")
    if status == 406:  # Microsoft's, for what others say with 429
        after = http.parse_retry_after(response.header("retry-after"), clock.now())
        return Retry(Cause.THROTTLED, told, after)
    return http.classify(response)


def _hint(response: http.Response, general: str) -> str:
    return next((hint for word, hint in WORDS.items() if word in response.body), general)
