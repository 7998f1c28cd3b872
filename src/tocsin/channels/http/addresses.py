"""Which addresses may be posted to: public ones, and the networks that the operator allows. Pure."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Python's `is_global` changes between versions and lets these pass in some of them.
_NEVER_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "240.0.0.0/4",
        ),
    )
)
_NEVER_V6 = tuple(map(IPv6Network, ("2001:10::/28", "2001:20::/28", "2001:db8::/32", "3fff::/20")))
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_TEREDO = IPv6Network("2001::/32")
_6TO4 = IPv6Network("2002::/16")
_ISATAP = (0x00005EFE, 0x02005EFE)


@lru_cache(maxsize=16)
def parse_networks(networks: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks of the setting `ALLOWED_PRIVATE_NETWORKS`."""
    return tuple(ipaddress.ip_network(network) for network in networks)


def is_blocked(text: str, networks: tuple[str, ...]) -> bool:
    """True unless `text` is an address that is public or in one of `networks`."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    allowed = parse_networks(networks)
    if _is_in(address, allowed):
        return False
    if isinstance(address, IPv4Address):
        return not is_public_v4(address)
    return not is_public_v6(address) or any(
        not is_public_v4(inner) and not _is_in(inner, allowed) for inner in embedded(address)
    )


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def is_public_v4(address: IPv4Address) -> bool:
    """True for an address of the public unicast internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _NEVER_V4)


def is_public_v6(address: IPv6Address) -> bool:
    """True for global unicast and for NAT64; the IPv4 addresses inside are judged apart."""
    if address in _NAT64:
        return True
    if address in _TEREDO or address in _6TO4:
        return True
    if address not in _GLOBAL_UNICAST or not address.is_global or address.is_multicast:
        return False
    return not any(address in network for network in _NEVER_V6)


def embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that a packet to `address` may end at (NAT64, 6to4, Teredo, ISATAP)."""
    number = int(address)
    found = []
    if address in _NAT64:
        found.append(IPv4Address(number & 0xFFFFFFFF))
    if address in _6TO4:
        found.append(IPv4Address(number >> 80 & 0xFFFFFFFF))
    if address in _TEREDO:
        found += [IPv4Address(number >> 64 & 0xFFFFFFFF), IPv4Address(~number & 0xFFFFFFFF)]
    if number >> 32 & 0xFFFFFFFF in _ISATAP:
        found.append(IPv4Address(number & 0xFFFFFFFF))
    return found
