"""E-mail addresses: the one rule for what may stand in an SMTP command, and who our mails are from."""

from __future__ import annotations

import re
from email.utils import formataddr, parseaddr
from functools import lru_cache
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
PLAIN = re.compile(ATOMS + r"@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
MAX_LENGTH = 254
NO_ADDRESS = _("This is no e-mail address. Write it as name@example.org.")


class Sender(NamedTuple):
    """Who the mails are from: the header's value, the address of the envelope, and its domain."""

    header: str
    address: str
    domain: str


@lru_cache(maxsize=1024)
def ascii_address(text: str) -> str:
    """`text` with its domain in punycode. Raises `ValidationError`, with the remedy, if it cannot be mailed to."""
    local, at, domain = text.rpartition("@")
    if not at or CONTROL.search(text):
        raise ValidationError(NO_ADDRESS)
    if not local.isascii():
        raise ValidationError(
            _(
                "The part before the @ has letters that mail servers do not take. "
                "Use an address of plain letters a to z, digits and dots."
            )
        )
    if not re.fullmatch(ATOMS, local):
        raise ValidationError(
            _("The part before the @ is quoted or malformed. Use an address without quotes or spaces.")
        )
    try:
        address = f"{local}@{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise ValidationError(NO_ADDRESS) from None
    if len(address) > MAX_LENGTH or not PLAIN.fullmatch(address):
        raise ValidationError(NO_ADDRESS)
    return address


@lru_cache(maxsize=16)
def parse_sender(value: str) -> Sender:
    """The sender that `FROM_EMAIL` or `DEFAULT_FROM_EMAIL` names. Raises `ValueError` if it names none."""
    name, raw = parseaddr(value)
    if CONTROL.search(value) or "@" not in raw:
        raise ValueError(f"{value!r} is no sender such as Name <name@example.org>")
    try:
        address = ascii_address(raw)
    except ValidationError as error:
        raise ValueError(f"{value!r}: {error.messages[0]}") from error
    header = formataddr((name, address), charset="utf-8") if name else address
    return Sender(header, address, address.rpartition("@")[2])
