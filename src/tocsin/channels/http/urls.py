"""May this URL be posted to, as far as its text tells? The address itself is judged when a socket opens."""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

from tocsin import conf
from tocsin.channels.http.addresses import is_blocked
from tocsin.errors import FieldError, InvalidInput

MAX_URL_CHARACTERS = 2048
_ALLOWED = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?P<fragment>#?)"
)
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
# Ports of protocols that a posted body could be mistaken for: the list of the Fetch standard, and databases.
# fmt: off
_BAD_PORTS = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
    109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 873, 989, 990, 993, 995, 1433, 1521,
    1719, 1720, 1723, 2049, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672, 6000, 6379, 6566, 6665,
    6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211, 27017,
})
# fmt: on


class AddressBlocked(InvalidInput):
    """The URL names an address that is neither public nor allowed."""


class Parsed(NamedTuple):
    """What decides about a URL."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]
    """The addresses that the host is by its own text; empty for a name that must be resolved."""

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def check_url(url: str) -> None:
    """Raise `InvalidInput` ("settings.url") if `url` cannot or may not be posted to. No look-up is made."""
    judged(url, tuple(conf.get("ALLOWED_PRIVATE_NETWORKS")))


@lru_cache(maxsize=8192)
def judged(url: str, networks: tuple[str, ...]) -> tuple[str, bool]:
    """The origin of a URL that may be posted to, and whether its host is a name that must be looked up.

    Raises `InvalidInput`, or `AddressBlocked`, for a URL that may not.

    The texts of the errors name the host at most, never the path: they are shown and stored.
    """
    parsed = parse(url)
    if parsed.addresses and all(is_blocked(address, networks) for address in parsed.addresses):
        raise AddressBlocked(
            FieldError(
                "settings.url",
                f"{parsed.host} is not a public address.",
                'Use a public one, or let the operator add its network to TOCSIN["ALLOWED_PRIVATE_NETWORKS"].',
            )
        )
    return parsed.origin, not parsed.addresses


def parse(url: str) -> Parsed:
    """Take a URL apart, strictly. Raises `InvalidInput` where two parsers might disagree."""
    if not isinstance(url, str) or not 0 < len(url) <= MAX_URL_CHARACTERS:
        raise _invalid("must be a URL of at most 2048 characters.", "Write https://host/path.")
    if not _ALLOWED.fullmatch(url):
        raise _invalid(
            "has a space, a control character, or another that no URL holds.",
            "Percent-encode it; write the host name in its xn-- form.",
        )
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise _invalid("is not an absolute URL.", "Write https://host/path.")
    scheme = parts["scheme"].lower()
    if scheme not in ("http", "https"):
        raise _invalid(f"has the scheme {scheme[:20]!r}.", "Use https.")
    if parts["fragment"]:
        raise _invalid("has a fragment (#), which is never sent.", "Leave it out.")
    if "@" in parts["authority"]:
        raise _invalid("has a user name or password.", "Leave out what stands before the @.")
    return _with_host(scheme, parts["authority"])


def _with_host(scheme: str, authority: str) -> Parsed:
    match = _HOST.fullmatch(authority)
    if match is None:
        raise _invalid("has no host, or one that is malformed.", "Write https://host/path.")
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if not 0 < port < 65536 or port in _BAD_PORTS:
        raise _invalid(f"has the port {port}, which is not for HTTP.", "Use 443, 80, or one such as 8443.")
    if match["v6"]:
        return Parsed(scheme, *_ipv6(match["v6"], port))
    host = match["name"].lower()
    return Parsed(scheme, host, port, _addresses(host.removesuffix(".")))


def _ipv6(text: str, port: int) -> tuple[str, int, tuple[str, ...]]:
    try:
        address = str(IPv6Address(text))
    except AddressValueError:
        raise _invalid("has a malformed IPv6 address.", "Write it as [2001:db8::1].") from None
    return address, port, (address,)


def _addresses(host: str) -> tuple[str, ...]:
    """What `host` is without a look-up: 127.1, 0x7f000001 and 017700000001 are addresses too."""
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return (socket.inet_ntoa(socket.inet_aton(host)),)
        except OSError:
            raise _invalid("has a host that is neither a name nor an address.", "Check the host.") from None
    if len(host) > 253 or not all(0 < len(label) <= 63 for label in labels):
        raise _invalid("has no host, or one that is malformed.", "Write https://host/path.")
    return ("127.0.0.1", "::1") if labels[-1] == "localhost" else ()


def _invalid(message: str, remedy: str) -> InvalidInput:
    return InvalidInput(FieldError("settings.url", message, remedy))
