"""A machine's network with nothing behind it, in which every address there is leads to a canary.

`python sealed_network.py FILE` is started by test_http_dns.py in namespaces of its own, where the resolver asks
127.0.0.1; it plays all scenes and leaves what happened in FILE as JSON.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from ipaddress import ip_address
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING
from unittest import mock

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

settings.configure(TOCSIN={})

from tests.channels.http.feeds import ListFeed  # noqa: E402
from tests.channels.http.ssrf_corpus import EVIL, aimed  # noqa: E402
from tests.channels.http.test_http_guard import PRIVATE  # noqa: E402
from tests.servers.dns_server import DnsServer  # noqa: E402
from tocsin.channels import http  # noqa: E402

PORTS = (22, 25, 80, 443, 6379, 8080, 11211)
LOOPBACK_PORT = 9090
PUBLIC = ("93.184.215.14", "2606:4700:4700::1111")
MIXED = {
    "public-first": [PUBLIC[0], "127.0.0.1"],
    "private-first": ["127.0.0.1", PUBLIC[0]],
    "both-families": [PUBLIC[0], "::1"],
}
ROUTES = ("link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo")
REDIRECT = (
    b"HTTP/1.1 307 X\r\nlocation: http://169.254.169.254/latest/meta-data/\r\ncontent-length: 0\r\n\r\n"
)
ACCEPTED = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Canaries:
    """Listens on all addresses of both families, and on a port of 127.0.0.1 alone. `hits` are addresses reached."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        for port in PORTS:
            self._listen(socket.create_server(("", port), backlog=512))
            self._listen(socket.create_server(("::", port), family=socket.AF_INET6, backlog=512))
        self._listen(socket.create_server(("127.0.0.1", LOOPBACK_PORT)))

    def take(self) -> list[str]:
        """The addresses that were reached since the last time."""
        found, self.hits = self.hits, []
        return found

    def _listen(self, server: socket.socket) -> None:
        threading.Thread(target=self._serve, args=[server], daemon=True).start()

    def _serve(self, server: socket.socket) -> None:
        while True:
            connection, _ = server.accept()
            self.hits.append(connection.getsockname()[0])
            threading.Thread(target=_answer, args=[connection], daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection:
        asked = connection.recv(65536)
        if b"/hang" in asked:
            connection.recv(1)
        connection.sendall(REDIRECT if b"/redirect" in asked else ACCEPTED)


class Names:
    """What the names of this network mean."""

    def __init__(self) -> None:
        self.times: dict[str, int] = {}

    def answer(self, name: str, kind: str) -> list[str] | str | None:
        """`192.0.2.1.nip.test` and `2001-db8-….nip.test` are the addresses they say."""
        first, _, zone = name.partition(".")
        if name.endswith(".nip.test"):
            text = name.removesuffix(".nip.test")
            return [text.replace("-", ":") if "-" in text else text]
        if zone in ("nxdomain.test", "servfail.test"):
            return zone.partition(".")[0].upper()
        if zone == "silent.test":
            return None
        if first == "flapping":
            return self._flapping(name, kind)
        return MIXED.get(first, [PUBLIC[0]] if zone == "good.test" else "NXDOMAIN")

    def _flapping(self, name: str, kind: str) -> list[str]:
        """Public, private, public, private …"""
        if kind != "A":
            return []
        self.times[name] = self.times.get(name, 0) + 1
        return [PUBLIC[0] if self.times[name] % 2 else "127.0.0.1"]


def ask(*urls: str, deadline: float = 5.0) -> dict[str, object]:
    """Post to each, all at once, in a thread of its own and so on new connections: their outcomes, in order."""
    done: dict[str, str] = {}
    took: Queue[float] = Queue()

    def post() -> None:
        request = lambda url: http.Request(url, b"", {})  # noqa: E731
        started = time.monotonic()
        for url, outcome in http.post_many(ListFeed(urls), request, deadline=deadline):
            done[url] = str(getattr(outcome, "cause", "sent"))
        took.put(time.monotonic() - started)

    http.forget_rests()
    threading.Thread(target=post, daemon=True).start()  # not joined: it ends when all its look-ups have
    seconds = took.get(timeout=60)
    return {"outcomes": [done[url] for url in urls], "took": seconds}


def nip(address: str) -> str:
    """The name that means `address`."""
    parsed = ip_address(address.partition("%")[0])
    return f"http://{parsed.exploded.replace(':', '-')}.nip.test:8080/"


def scenes(canaries: Canaries) -> dict[str, object]:
    """Play them all."""
    private = [address for address in PRIVATE if address[:1].isdigit() or ":" in address]
    corpus = [aimed(url, 8080) for url in EVIL]
    found: dict[str, object] = {}

    def play(name: str, urls: Iterable[str], deadline: float = 5.0) -> None:
        found[name] = ask(*urls, deadline=deadline) | {"hits": canaries.take()}

    play("rig", [f"http://{PUBLIC[0]}/", f"http://[{PUBLIC[1]}]:8080/", "http://a.good.test/"])
    play("corpus", corpus)
    with mock.patch("tocsin.channels.http.run.judged", lambda url, networks: (url, False)):
        play("corpus misjudged", corpus, deadline=1.0)
    play("names", map(nip, private))
    play("public names", map(nip, PUBLIC))
    for number in range(4):
        play(f"flapping {number}", ["http://flapping.test/"])
    for name in MIXED:
        play(name, [f"http://{name}.test/"])
        play(f"{name}, public one closed", [f"http://{name}.test:{LOOPBACK_PORT}/"])
    play("redirect", ["http://a.good.test/redirect"])
    play("errors", ["http://a.nxdomain.test/", "http://a.servfail.test/"])
    play("silence", ["http://a.silent.test/", "http://b.good.test/"], deadline=0.5)
    hanging = [f"http://hangs-{number}.good.test/hang" for number in range(30)]
    play("new names that hang", [*hanging, "http://fresh.good.test/"], deadline=1.0)
    play("a burst to a new name", [f"http://burst.good.test/hang?{n}" for n in range(64)], deadline=1.0)
    silent = [f"http://{number}.silent.test/" for number in range(60)]
    play("much silence", [*silent, "http://a.good.test/"], deadline=0.5)
    return found


def main() -> None:
    for route in ROUTES:
        subprocess.run(["ip", *route.split()], check=True)
    with DnsServer(Names().answer, port=53):
        Path(sys.argv[1]).write_text(json.dumps(scenes(Canaries())))
    os._exit(0)  # curl would wait for look-ups that nobody answers


if __name__ == "__main__":
    main()
