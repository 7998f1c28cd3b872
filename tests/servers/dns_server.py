"""A DNS server on UDP that answers as it is told: addresses, errors, or not at all. TTLs are 0."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KINDS = {1: "A", 28: "AAAA"}
ERRORS = {"SERVFAIL": 2, "NXDOMAIN": 3}
RESPONSE, QUESTION_ENDS = 0x8180, 12


class DnsServer:
    """`with DnsServer(answer) as server:`; `answer(name, kind)` gives the addresses of a name, where kind is "A" or
    "AAAA": a list (empty: the name exists, without such an address), "NXDOMAIN", "SERVFAIL", or None for silence.

    Addresses of the other kind are left out of an answer, so that one list serves both questions.
    """

    def __init__(
        self, answer: Callable[[str, str], Sequence[str] | str | None], host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self.port = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                query, client = self._socket.recvfrom(4096)
                if reply := self._reply(query):
                    self._socket.sendto(reply, client)

    def _reply(self, query: bytes) -> bytes | None:
        name, end = _name(query)
        (number,) = struct.unpack_from(">H", query, end)
        kind = KINDS.get(number, str(number))
        self.asked.append((name, kind))
        found = self.answer(name, kind)
        if found is None:
            return None
        records = [] if isinstance(found, str) else [_record(text) for text in found if _kind(text) == kind]
        code = ERRORS[found] if isinstance(found, str) else 0
        head = query[:2] + struct.pack(">HHHHH", RESPONSE | code, 1, len(records), 0, 0)
        return head + query[QUESTION_ENDS : end + 4] + b"".join(records)


def _name(query: bytes) -> tuple[str, int]:
    """The name asked for, in lower case, and where it ends."""
    labels, at = [], QUESTION_ENDS
    while size := query[at]:
        labels.append(query[at + 1 : at + 1 + size].decode("latin-1").lower())
        at += size + 1
    return ".".join(labels), at + 1


def _kind(address: str) -> str:
    return "AAAA" if ip_address(address).version == 6 else "A"


def _record(address: str) -> bytes:
    packed = ip_address(address).packed
    number = 28 if len(packed) == 16 else 1
    return b"\xc0\x0c" + struct.pack(">HHIH", number, 1, 0, len(packed)) + packed
