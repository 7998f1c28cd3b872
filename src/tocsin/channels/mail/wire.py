"""Mails as bytes: the shared part is rendered once, and joined with each recipient's own header lines."""

from __future__ import annotations

import re
from binascii import b2a_base64
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tocsin.channels.mail.compose import Letter, Personal

LINE = 76
_WORDS = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")


class Shared(NamedTuple):
    """A letter serialised: what follows the recipient's header lines, and what precedes his address in SMTP."""

    rest: bytes
    """Shared headers and body, dot-stuffed, with the final dot."""
    mail_from: bytes


class Mail(NamedTuple):
    """What goes over the wire for one recipient."""

    mail_from: bytes
    rcpt_to: bytes
    message_id: str
    lines: bytes
    rest: bytes

    @property
    def size(self) -> int:
        """Bytes of the message, with a few more than the server will count."""
        return len(self.lines) + len(self.rest)

    def content(self, following: bytes) -> bytes:
        """Header, body and final dot; behind it the commands of the mail that follows."""
        return b"".join((self.lines, self.rest, following))


def serialise(letter: Letter) -> Shared:
    """The shared part in 7-bit bytes with CRLF; the policy of the standard library writes the header lines."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = letter.sender.header
    mail["Subject"] = letter.subject
    for name, value in letter.headers:
        mail[name] = value
    mail.set_content(letter.text, cte=transfer_encoding(letter.text))
    if letter.html:
        mail.add_alternative(letter.html, subtype="html", cte=transfer_encoding(letter.html))
    rest = re.sub(rb"(?m)^\.", b"..", mail.as_bytes())
    end = b".\r\n" if rest.endswith(b"\r\n") else b"\r\n.\r\n"
    return Shared(rest + end, b"MAIL FROM:<%b>\r\n" % letter.sender.address.encode("ascii"))


def transfer_encoding(text: str) -> str:
    """Always safe for 7 bits: as it is, quoted-printable while that stays readable, base64 for the rest."""
    foreign = sum(not character.isascii() for character in text)
    if foreign * 6 > len(text):
        return "base64"
    short = max(map(len, text.split("\n"))) <= LINE
    return "quoted-printable" if foreign or not short else "7bit"


def addressed(shared: Shared, personal: Personal) -> Mail:
    """One recipient's mail: a few header lines of plain ASCII, then the shared part."""
    lines = [to_header(personal.name, personal.address)]
    lines += [f"{name}: {value}\r\n" for name, value in personal.headers]
    rcpt_to = f"RCPT TO:<{personal.address}>\r\n".encode("ascii")
    return Mail(shared.mail_from, rcpt_to, personal.message_id, "".join(lines).encode("ascii"), shared.rest)


def to_header(name: str, address: str) -> str:
    """The To line: a name of plain words as it is, any other as one encoded word (RFC 2047)."""
    if not name:
        return f"To: {address}\r\n"
    if not _WORDS.fullmatch(name):
        name = f"=?utf-8?b?{b2a_base64(name.encode(), newline=False).decode('ascii')}?="
    fits = len(name) + len(address) < LINE - 6
    return f"To: {name} <{address}>\r\n" if fits else f"To: {name}\r\n <{address}>\r\n"
