"""The one HTTP seam: every request to an address that somebody typed in goes through here.

`post` sends one request, `post_many` a claim's worth of them at once. Both turn what came back into an
outcome, guard the address when the socket is opened, leave hosts alone that ask for it or fail again and
again, follow no redirect and keep secrets out of details.
"""

from __future__ import annotations

from tocsin.channels.http.classify import classify
from tocsin.channels.http.exchange import MAX_RESPONSE_BYTES, USER_AGENT, Request, Response
from tocsin.channels.http.redact import excerpt, origin_of
from tocsin.channels.http.retry_after import parse_retry_after
from tocsin.channels.http.transfer import DEADLINE_SECONDS, SLOTS, Source, forget_rests, post, post_many
from tocsin.channels.http.urls import check_url

__all__ = [
    "DEADLINE_SECONDS",
    "MAX_RESPONSE_BYTES",
    "SLOTS",
    "USER_AGENT",
    "Request",
    "Response",
    "Source",
    "check_url",
    "classify",
    "excerpt",
    "forget_rests",
    "origin_of",
    "parse_retry_after",
    "post",
    "post_many",
]
