"""No URL of the corpus reaches a canary: not through the seam, and not if its text had been misjudged."""

from __future__ import annotations

import contextlib
import socket

import pytest

from tests.channels.http.feeds import ListFeed
from tests.channels.http.ssrf_corpus import BLOCKED, EVIL, aimed
from tocsin.channels import http
from tocsin.channels.base import Cause, Rejected, Sent


class Canaries:
    """Sockets on one port of every loopback address there is; whoever connects is counted."""

    def __init__(self) -> None:
        first = socket.create_server(("127.0.0.1", 0))
        self.port = first.getsockname()[1]
        self.sockets = [first]
        with contextlib.suppress(OSError):  # no IPv6 here, or the port is somebody's: IPv4 remains
            self.sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for one in self.sockets:
            one.setblocking(False)

    def hits(self) -> int:
        return sum(self._hits(one) for one in self.sockets)

    def _hits(self, server: socket.socket) -> int:
        count = 0
        while True:
            try:
                server.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@pytest.fixture(scope="module")
def canaries():
    found = Canaries()
    yield found
    for one in found.sockets:
        one.close()


@pytest.fixture(autouse=True)
def _nothing_allowed(settings):
    settings.TOCSIN = {}


def test_the_canaries_sing(canaries, settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8", "::1/128"]}
    for url in [f"http://127.1:{canaries.port}/", f"http://[::1]:{canaries.port}/"][: len(canaries.sockets)]:
        http.post(http.Request(url, b"", {}), deadline=0.3)
        assert canaries.hits() == 1


def test_the_corpus_is_large_and_repeats_nothing():
    assert len(EVIL) >= 150
    assert len(set(EVIL)) == len(EVIL)


def posted(urls, canaries):
    """What came of a post to each of them, in one batch."""
    build = lambda url: http.Request(aimed(url, canaries.port), b"", {})  # noqa: E731
    outcomes = dict(http.post_many(ListFeed(urls), build, deadline=2.0))
    assert outcomes.keys() == set(urls)
    return outcomes


def test_the_seam_connects_to_none(canaries):
    outcomes = posted(EVIL, canaries)
    assert {type(outcome) for outcome in outcomes.values()} == {Rejected}
    assert {outcome.cause for outcome in outcomes.values()} == {Cause.ADDRESS_BLOCKED, Cause.BAD_SETTINGS}
    assert canaries.hits() == 0


def test_nor_would_the_socket_if_the_text_were_misjudged(canaries, monkeypatch):
    """The second line of defence alone, with curl reading the URLs as it will; test_http_dns.py has the rest."""
    monkeypatch.setattr("tocsin.channels.http.run.judged", lambda url, networks: (url, False))
    outcomes = posted(BLOCKED, canaries)
    assert Sent() not in outcomes.values()
    assert canaries.hits() == 0
