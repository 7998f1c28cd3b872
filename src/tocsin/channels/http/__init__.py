"""The one HTTP seam: every request to an address that somebody typed in goes through here.

`post` sends one request, `post_many` a claim's worth of them at once; `converse` and `converse_many` do the same
for messages that need several requests. All turn what came back into an outcome, guard the address when the socket
is opened, leave hosts alone that ask for it or fail again and again, follow no redirect and keep secrets out of
details.
"""

from __future__ import annotations

from tocsin.channels.http.classify import classify
from tocsin.channels.http.conversation import Conversation
from tocsin.channels.http.exchange import MAX_RESPONSE_BYTES, USER_AGENT, Request, Response, limit_key
from tocsin.channels.http.redact import excerpt, origin_of
from tocsin.channels.http.rests import Told
from tocsin.channels.http.retry_after import parse_retry_after
from tocsin.channels.http.run import Source, forget_rests
from tocsin.channels.http.shared import Board, sharing
from tocsin.channels.http.transfer import DEADLINE_SECONDS, SLOTS, converse, converse_many, post, post_many
from tocsin.channels.http.urls import check_url

__all__ = [
    "DEADLINE_SECONDS",
    "MAX_RESPONSE_BYTES",
    "SLOTS",
    "USER_AGENT",
    "Board",
    "Conversation",
    "Request",
    "Response",
    "Source",
    "Told",
    "check_url",
    "classify",
    "converse",
    "converse_many",
    "excerpt",
    "forget_rests",
    "limit_key",
    "origin_of",
    "parse_retry_after",
    "post",
    "post_many",
    "sharing",
]
