"""What an answer, or the lack of one, means for the delivery. Pure but for the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pycurl

from tocsin import clock
from tocsin.channels.http.redact import excerpt, origin_of, secrets_of
from tocsin.channels.http.retry_after import parse_retry_after
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Retry, Sent

if TYPE_CHECKING:
    from tocsin.channels.http.exchange import Request, Response

_RETRIED = {
    408: Cause.TIMEOUT,
    421: Cause.SERVER_ERROR,
    423: Cause.SERVER_ERROR,
    425: Cause.THROTTLED,
    429: Cause.THROTTLED,
}
_REJECTED = {
    401: Cause.NOT_AUTHORISED,
    403: Cause.NOT_AUTHORISED,
    404: Cause.REFUSED_RECIPIENT,
    410: Cause.GONE,
    413: Cause.TOO_LARGE,
}
_TLS = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_ENGINE_INITFAILED,
        pycurl.E_SSL_SHUTDOWN_FAILED,
        pycurl.E_SSL_CRL_BADFILE,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_USE_SSL_FAILED,
    }
)
_CAUSES = {
    pycurl.E_COULDNT_CONNECT: Cause.REFUSED,
    pycurl.E_OPERATION_TIMEDOUT: Cause.TIMEOUT,
    pycurl.E_COULDNT_RESOLVE_HOST: Cause.DNS,
    pycurl.E_UNSUPPORTED_PROTOCOL: Cause.SERVER_ERROR,  # the scheme was judged before: the answer is no HTTP
    pycurl.E_FTP_WEIRD_SERVER_REPLY: Cause.SERVER_ERROR,
} | dict.fromkeys(_TLS, Cause.TLS)


def classify(response: Response) -> Outcome:
    """The outcome that the status code calls for. Channels with more to say in the body begin with this."""
    status = response.status
    if 200 <= status < 300:
        return Sent()
    detail = _detail(response)
    if status in _RETRIED or status >= 500:
        after = parse_retry_after(response.header("retry-after"), clock.now())
        throttled = status == 503 and after is not None
        cause = Cause.THROTTLED if throttled else _RETRIED.get(status, Cause.SERVER_ERROR)
        return Retry(cause, detail, after)
    if 300 <= status < 400:
        return Rejected(Cause.REDIRECT, detail)
    return Rejected(_REJECTED.get(status, Cause.REFUSED_CONTENT), detail, disable_destination=status == 410)


def _detail(response: Response) -> str:
    """Which host answered what. Not its words: they might be those of a machine the reader must not see."""
    return f"{origin_of(response.request.url)} answered {response.status}"


def failure(code: int, text: str, request: Request, *, blocked: bool) -> Outcome:
    """The outcome of a request without an answer: `code` is curl's, `text` its sentence."""
    origin = origin_of(request.url)
    if blocked and code == pycurl.E_COULDNT_CONNECT:
        return Retry(Cause.ADDRESS_BLOCKED, f"{origin} resolves to an address that is not public.")
    cause = _CAUSES.get(code, Cause.DISCONNECTED)
    return Retry(cause, f"{origin}: {excerpt(text, secrets_of(request))}")
