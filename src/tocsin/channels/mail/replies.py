"""What an SMTP reply or an exception means for one message: a pure decision."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from typing import TYPE_CHECKING

from tocsin.channels.outcomes import Cause, Outcome, Rejected, Retry

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_AUTHORITY = {530, 534, 535, 538}
NO_SUCH_RECIPIENT = {550, 551, 553}
OUR_SIDE = {"5.1.7", "5.1.8"}
"""Enhanced codes of class 5.1 that blame the sender's address, not the recipient's."""
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def describe(code: int, text: bytes) -> str:
    """A reply as people may read it in the ledger: one short line without control characters."""
    line = re.sub(r"[^\x20-\x7e]+", " ", text.decode("ascii", "replace"))
    return f"{code} {line.strip()}".strip()[:200]


def _enhanced(text: bytes) -> str:
    found = _ENHANCED.match(text.decode("ascii", "replace").strip())
    return found[0] if found else ""


def sender_refused(code: int, text: bytes) -> Outcome:
    """The reply to MAIL FROM: the operator's address or login, so never the destination's fault."""
    enhanced, detail = _enhanced(text), describe(code, text)
    if code == 552 or enhanced == "5.3.4":
        return Rejected(Cause.TOO_LARGE, detail)
    return _transient(code, enhanced, detail) if code < 500 else Retry(Cause.NOT_AUTHORISED, detail)


def recipient_refused(code: int, text: bytes) -> Outcome:
    """The reply to RCPT TO. A recipient who does not exist is struck off; a full mailbox is not."""
    enhanced, detail = _enhanced(text), describe(code, text)
    if code < 500:
        return _transient(code, enhanced, detail)
    if code in NO_AUTHORITY:
        return Retry(Cause.NOT_AUTHORISED, detail)
    if enhanced == "5.2.2":
        return Retry(Cause.SERVER_ERROR, detail)
    if code == 552:
        return Rejected(Cause.TOO_LARGE, detail)
    return Rejected(Cause.REFUSED_RECIPIENT, detail, disable_destination=_unknown_for_good(code, enhanced))


def message_refused(code: int, text: bytes) -> Outcome:
    """The reply to DATA or to the final dot."""
    enhanced, detail = _enhanced(text), describe(code, text)
    if code < 500:
        return _transient(code, enhanced, detail)
    if enhanced.startswith("5.1.") or enhanced == "5.2.2" or code in NO_AUTHORITY:
        return recipient_refused(code, text)
    if code == 552 or enhanced == "5.3.4":
        return Rejected(Cause.TOO_LARGE, detail)
    return Rejected(Cause.REFUSED_CONTENT, detail)


def _unknown_for_good(code: int, enhanced: str) -> bool:
    about_address = not enhanced or enhanced.startswith("5.1.")
    return code in NO_SUCH_RECIPIENT and about_address and enhanced not in OUR_SIDE


def _transient(code: int, enhanced: str, detail: str) -> Retry:
    slow_down = code == 421 or enhanced.startswith("4.7.")
    return Retry(Cause.THROTTLED if slow_down else Cause.SERVER_ERROR, detail)


def unsendable(error: BaseException) -> Outcome:
    """What it means that another mail backend raised this for one message."""
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        code, text = next(iter(error.recipients.values()))
        return recipient_refused(code, _bytes(text))
    if isinstance(error, smtplib.SMTPSenderRefused):
        return sender_refused(error.smtp_code, _bytes(error.smtp_error))
    if isinstance(error, smtplib.SMTPDataError):
        return message_refused(error.smtp_code, _bytes(error.smtp_error))
    return failed(error)


def failed(error: BaseException) -> Retry:
    """What it means that there is no connection, whichever library says so. Never a destination's fault."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Retry(Cause.NOT_AUTHORISED, describe(error.smtp_code, _bytes(error.smtp_error)))
    if isinstance(error, smtplib.SMTPResponseException):
        text = _bytes(error.smtp_error)
        return _transient(error.smtp_code, _enhanced(text), describe(error.smtp_code, text))
    cause, root = _root(error)
    return Retry(cause, _sentence(root))


_CAUSES: tuple[tuple[type[BaseException], Cause], ...] = (
    (smtplib.SMTPNotSupportedError, Cause.NOT_AUTHORISED),
    (smtplib.SMTPServerDisconnected, Cause.DISCONNECTED),
    (ssl.SSLError, Cause.TLS),
    (TimeoutError, Cause.TIMEOUT),
    (socket.gaierror, Cause.DNS),
    (ConnectionRefusedError, Cause.REFUSED),
    (smtplib.SMTPException, Cause.SERVER_ERROR),
    (OSError, Cause.DISCONNECTED),
)


def _root(error: BaseException) -> tuple[Cause, BaseException]:
    """The cause, and the error that says it best: libraries wrap what the socket said, several times over."""
    if isinstance(error.__context__, TimeoutError) and isinstance(error, smtplib.SMTPServerDisconnected):
        return Cause.TIMEOUT, error  # smtplib tells the two apart no longer
    chain = list(_behind(error)) if isinstance(error, OSError) else [error]
    for kind, cause in _CAUSES:
        if found := [each for each in chain if isinstance(each, kind)]:
            return cause, found[-1]
    return Cause.BUG, error


def _behind(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it was raised for, down to the first."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError):
        return describe(0, str(error).encode("ascii", "replace")).removeprefix("0 ")
    return type(error).__name__


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("ascii", "replace")
