"""What SMTP replies mean: a table."""

from __future__ import annotations

import smtplib
import socket
import ssl

import pytest

from tocsin.channels.base import Cause, Rejected, Retry
from tocsin.channels.mail import replies

RECIPIENT = [
    (550, b"5.1.1 user unknown", Cause.REFUSED_RECIPIENT, True),
    (550, b"No such user", Cause.REFUSED_RECIPIENT, True),
    (551, b"5.1.6 moved", Cause.REFUSED_RECIPIENT, True),
    (553, b"5.1.3 bad syntax", Cause.REFUSED_RECIPIENT, True),
    (553, b"5.1.8 your domain is unknown", Cause.REFUSED_RECIPIENT, False),
    (550, b"5.7.1 relaying denied", Cause.REFUSED_RECIPIENT, False),
    (554, b"5.7.1 access denied", Cause.REFUSED_RECIPIENT, False),
    (554, b"no", Cause.REFUSED_RECIPIENT, False),
    (552, b"5.3.4 too big", Cause.TOO_LARGE, False),
    (550, b"5.2.2 mailbox full", Cause.SERVER_ERROR, None),
    (552, b"5.2.2 over quota", Cause.SERVER_ERROR, None),
    (530, b"5.7.0 authentication required", Cause.NOT_AUTHORISED, None),
    (450, b"4.2.0 greylisted", Cause.SERVER_ERROR, None),
    (451, b"4.7.1 try later", Cause.THROTTLED, None),
    (452, b"too many recipients", Cause.SERVER_ERROR, None),
    (421, b"closing", Cause.THROTTLED, None),
]


@pytest.mark.parametrize(("code", "text", "cause", "disables"), RECIPIENT)
def test_reply_to_the_recipient(code, text, cause, disables):
    outcome = replies.recipient_refused(code, text)
    assert outcome.cause == cause
    assert type(outcome) is (Retry if disables is None else Rejected)
    if disables is not None:
        assert outcome.disable_destination is disables
    assert outcome.detail.startswith(str(code))


@pytest.mark.parametrize(
    ("code", "text", "kind", "cause"),
    [
        (552, b"too big", Rejected, Cause.TOO_LARGE),
        (552, b"5.3.4 too big", Rejected, Cause.TOO_LARGE),
        (554, b"5.3.4 too big", Rejected, Cause.TOO_LARGE),
        (554, b"5.6.0 spam", Rejected, Cause.REFUSED_CONTENT),
        (550, b"5.7.1 spam", Rejected, Cause.REFUSED_CONTENT),
        (550, b"5.1.1 unknown", Rejected, Cause.REFUSED_RECIPIENT),
        (451, b"4.3.0 queue", Retry, Cause.SERVER_ERROR),
        (552, b"5.2.2 full", Retry, Cause.SERVER_ERROR),
    ],
)
def test_reply_to_the_message(code, text, kind, cause):
    outcome = replies.message_refused(code, text)
    assert (type(outcome), outcome.cause) == (kind, cause)


@pytest.mark.parametrize(
    ("code", "text", "kind", "cause"),
    [
        (530, b"authenticate first", Retry, Cause.NOT_AUTHORISED),
        (553, b"5.7.1 not your address", Retry, Cause.NOT_AUTHORISED),
        (552, b"5.3.4 too big", Rejected, Cause.TOO_LARGE),
        (452, b"4.3.1 disk full", Retry, Cause.SERVER_ERROR),
    ],
)
def test_reply_to_the_sender_never_blames_the_recipient(code, text, kind, cause):
    outcome = replies.sender_refused(code, text)
    assert (type(outcome), outcome.cause) == (kind, cause)
    assert not getattr(outcome, "disable_destination", False)


@pytest.mark.parametrize(
    ("error", "kind", "cause"),
    [
        (ConnectionRefusedError(), Retry, Cause.REFUSED),
        (TimeoutError(), Retry, Cause.TIMEOUT),
        (socket.gaierror(-2, "Name or service not known"), Retry, Cause.DNS),
        (ssl.SSLCertVerificationError("expired"), Retry, Cause.TLS),
        (ConnectionResetError(), Retry, Cause.DISCONNECTED),
        (OSError("no route"), Retry, Cause.DISCONNECTED),
        (smtplib.SMTPServerDisconnected("gone"), Retry, Cause.DISCONNECTED),
        (smtplib.SMTPAuthenticationError(535, b"no"), Retry, Cause.NOT_AUTHORISED),
        (smtplib.SMTPConnectError(421, b"busy"), Retry, Cause.THROTTLED),
        (smtplib.SMTPNotSupportedError("AUTH"), Retry, Cause.NOT_AUTHORISED),
        (
            smtplib.SMTPRecipientsRefused({"a@b.org": (550, b"5.1.1 unknown")}),
            Rejected,
            Cause.REFUSED_RECIPIENT,
        ),
        (smtplib.SMTPRecipientsRefused({}), Retry, Cause.SERVER_ERROR),
        (smtplib.SMTPSenderRefused(530, b"log in", "t@e.org"), Retry, Cause.NOT_AUTHORISED),
        (smtplib.SMTPDataError(552, b"big"), Rejected, Cause.TOO_LARGE),
        (ValueError("secret"), Retry, Cause.BUG),
    ],
)
def test_exceptions_of_other_backends(error, kind, cause):
    outcome = replies.unsendable(error)
    assert (type(outcome), outcome.cause) == (kind, cause)
    assert "secret" not in outcome.detail


def test_a_reply_is_shown_as_one_short_line_of_plain_characters():
    shown = replies.describe(550, b"5.1.1 \x1b[31mred\r\n\xff" + b"x" * 900)
    assert shown.isprintable()
    assert len(shown) <= 200
