"""libcurl: one multi handle with its connections, and the slots that carry requests. One engine per thread.

Waiting is curl's own select(), twice as fast per request as callbacks into an epoll of ours.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import pycurl

from tocsin.channels.http.addresses import is_blocked
from tocsin.channels.http.exchange import USER_AGENT, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_SECONDS = 10.0
IDLE_CONNECTIONS = 256
LONGEST_WAIT_SECONDS = 0.01
BLIND_WAIT_SECONDS = 0.001
_POST, _GET = "POST", "GET"


class Slot:
    """One easy handle, used for one request after another."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        self.curl = pycurl.Curl()
        self._networks = networks
        self._url, self._method, self._deadline, self._once = "", _POST, 0.0, False
        self.body, self.lines = bytearray(), list[bytes]()
        self.blocked = self.capped = self._opened = False
        self.job: Any = None
        self.request: Request
        self.line, self.started = "", 0.0
        for option, value in (*_OPTIONS, *_trusted()):
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._write)
        self.curl.setopt(pycurl.HEADERFUNCTION, self.lines.append)

    def load(self, request: Request, deadline: float) -> None:
        """Set what differs from the request before. Raises ValueError for a header that is none."""
        curl = self.curl
        headers = ["Expect:"]
        for name, value in request.headers.items():
            headers.append(line := f"{name}: {value}")
            if not line.isprintable():
                raise ValueError("a header has a control character")
        curl.setopt(pycurl.HTTPHEADER, headers)
        if request.url != self._url:
            curl.setopt(pycurl.URL, request.url)
            self._url = request.url
        if request.method == _GET:
            if self._method != _GET:
                curl.unsetopt(pycurl.CUSTOMREQUEST)
                curl.setopt(pycurl.HTTPGET, 1)
        else:
            curl.setopt(pycurl.POSTFIELDS, request.body)  # which makes it a POST
            if request.method != self._method:
                curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        self._method = request.method
        if request.once is not self._once:
            curl.setopt(pycurl.FRESH_CONNECT, int(request.once))
            self._once = request.once
        if deadline != self._deadline:
            curl.setopt(pycurl.TIMEOUT_MS, int(deadline * 1000))
            curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(min(deadline, CONNECT_SECONDS) * 1000))
            self._deadline = deadline
        self.request = request

    def response(self) -> Response:
        """The answer that has come; valid until the slot is loaded again."""
        body = bytes(self.body[: self.request.most_bytes]) if self.body else b""
        return Response(self.curl.getinfo(pycurl.RESPONSE_CODE), body, self.request, self.lines[:])

    @property
    def has_address(self) -> bool:
        """Whether the host's name has been looked up, or was not needed: the connection is a kept one."""
        return self._opened or self.curl.getinfo(pycurl.REQUEST_SIZE) > 0

    def clear(self) -> None:
        self.body.clear()
        self.lines.clear()
        self.blocked = self.capped = self._opened = False
        self.job = None

    def _write(self, chunk: bytes) -> int:
        self.body += chunk
        if len(self.body) > self.request.most_bytes:
            self.capped = True
            return 0
        return len(chunk)

    def _open(self, purpose: int, address: Any) -> Any:
        """Called by curl for every address it is about to connect to: only here is it known."""
        self._opened = True
        if is_blocked(address.addr[0], self._networks):
            self.blocked = True
            return pycurl.SOCKET_BAD
        return socket.socket(address.family, address.socktype, address.protocol)


class Engine:
    """A multi handle and its slots. Not for two threads at once."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        self.networks = networks
        self.busy: dict[pycurl.Curl, Slot] = {}
        self._idle: list[Slot] = []
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, IDLE_CONNECTIONS)

    def start(self, request: Request, line: str, deadline: float, job: Any) -> None:
        """Put a request under way, in a line. Raises for one curl does not take; then the engine is as before."""
        slot = self._idle.pop() if self._idle else Slot(self.networks)
        try:
            slot.load(request, deadline)
            self._multi.add_handle(slot.curl)
        except BaseException:
            self._idle.append(slot)
            raise
        slot.job, slot.line, slot.started = job, line, time.monotonic()
        self.busy[slot.curl] = slot

    def finished(self) -> Iterator[tuple[Slot, int, str]]:
        """The slots whose request ended, with curl's error (0 is none); each is free once the next is asked for."""
        self._multi.perform()
        _, fine, failed = self._multi.info_read()
        for curl in fine:
            slot = self._land(curl)
            yield slot, 0, ""
            self._free(slot)
        for curl, code, text in failed:
            slot = self._land(curl)
            yield slot, 0 if slot.capped else code, text
            self._free(slot)

    def wait(self) -> None:
        """Sleep until something happens, 10 ms at most: select() is blind for descriptors above 1023.

        With none it can see it does not wait at all, so then we do.
        """
        timer = self._multi.timeout()
        seconds = LONGEST_WAIT_SECONDS if timer < 0 else min(timer / 1000, LONGEST_WAIT_SECONDS)
        asleep = time.monotonic()
        if self._multi.select(seconds) <= 0 and time.monotonic() - asleep < seconds / 2:
            time.sleep(min(seconds, BLIND_WAIT_SECONDS))

    def abandon(self) -> None:
        """Drop whatever is under way; its connections are closed, the others stay."""
        for curl in list(self.busy):
            self._free(self._land(curl))

    def close(self) -> None:
        """Close every connection."""
        self.abandon()
        for slot in self._idle:
            slot.curl.close()
        self._idle.clear()
        self._multi.close()

    def _land(self, curl: pycurl.Curl) -> Slot:
        slot = self.busy.pop(curl)
        self._multi.remove_handle(curl)
        return slot

    def _free(self, slot: Slot) -> None:
        slot.clear()
        self._idle.append(slot)


def _trusted() -> list[tuple[int, Any]]:
    """This machine's certificates (SSL_CERT_FILE is heeded): a wheel looks where its builder kept his."""
    paths = ssl.get_default_verify_paths()
    found: list[tuple[int, Any]] = []
    if paths.cafile:
        found.append((pycurl.CAINFO, paths.cafile))
    if paths.capath:
        found.append((pycurl.CAPATH, paths.capath))
    return found


_OPTIONS: list[tuple[int, Any]] = [
    (pycurl.POST, 1),
    (pycurl.NOSIGNAL, 1),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.PROXY, ""),
    (pycurl.NOPROXY, "*"),
    (pycurl.SSL_VERIFYPEER, 1),
    (pycurl.SSL_VERIFYHOST, 2),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.MAXLIFETIME_CONN, 300),
    (pycurl.USERAGENT, USER_AGENT),
]

_local = threading.local()
_inherited: list[list[Engine]] = []


def borrow(networks: tuple[str, ...]) -> tuple[Engine, list[Engine]]:
    """This thread's engine for these allowed networks, and the shelf where it goes back to."""
    shelf: list[Engine] | None = getattr(_local, "shelf", None)
    if shelf is None:
        shelf = _local.shelf = []
    while shelf:
        engine = shelf.pop()
        if engine.networks == networks:
            return engine, shelf
        engine.close()  # its connections were opened under other rules
    return Engine(networks), shelf


def give_back(engine: Engine, shelf: list[Engine]) -> None:
    """Empty the engine and keep it, with its connections, for the next batch of the same thread."""
    engine.abandon()
    if shelf:
        engine.close()
    else:
        shelf.append(engine)


def _forget() -> None:
    """After a fork the connections are the parent's: neither used nor closed (TLS would say goodbye)."""
    if shelf := getattr(_local, "shelf", None):
        _inherited.append(shelf)
    _local.shelf = []


os.register_at_fork(after_in_child=_forget)
