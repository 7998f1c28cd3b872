"""The address guard: what a socket is opened to, whatever the URL said."""

from __future__ import annotations

import socket

import pycurl
import pytest

from tests.channels.http.feeds import ListFeed
from tests.servers.http_sink import HttpSink
from tocsin.channels import http
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.channels.http.addresses import is_blocked
from tocsin.channels.http.engine import Slot

# fmt: off
PUBLIC = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "223.255.255.255", "::ffff:8.8.8.8",
          "2606:4700:4700::1111", "2a00:1450:4001::200e", "64:ff9b::808:808", "2002:808:808::1"]
PRIVATE = ["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.31.255.255",
           "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.19.0.1", "198.51.100.1", "203.0.113.1",
           "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8",
           "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808",
           "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "2001::80ff:fffe", "fe80::1", "fe80::1%lo",
           "fec0::1", "fc00::1", "fdff::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1", "2001:2::1",
           "2606:4700::5efe:a00:1", "2606:4700::200:5efe:7f00:1", "not an address", ""]
# fmt: on


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address):
    assert not is_blocked(address, ())


@pytest.mark.parametrize("address", PRIVATE)
def test_other_addresses_do_not(address):
    assert is_blocked(address, ())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_an_address_in_the_url_is_rejected_without_a_connection(settings, host):
    settings.TOCSIN = {}
    with HttpSink() as sink:
        outcome = http.post(http.Request(f"http://{host}:{sink.port}/", b"", {}))
        assert isinstance(outcome, Rejected)
        assert outcome.cause == Cause.ADDRESS_BLOCKED
        assert sink.connections == 0


def test_a_name_that_resolves_to_a_private_address_is_retried_without_a_connection(settings, monkeypatch):
    """The name is judged when it is resolved: here the text of the URL looks public."""
    settings.TOCSIN = {}
    monkeypatch.setattr("tocsin.channels.http.urls._addresses", lambda host: ())
    with HttpSink() as sink:
        outcome = http.post(http.Request(f"http://localhost:{sink.port}/very-secret", b"", {}))
        assert isinstance(outcome, Retry)
        assert outcome.cause == Cause.ADDRESS_BLOCKED
        assert outcome.detail == f"http://localhost:{sink.port} resolves to an address that is not public."
        assert sink.connections == 0


def test_of_several_addresses_only_the_allowed_one_is_connected(settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    with HttpSink() as sink:
        assert http.post(http.Request(f"http://localhost:{sink.port}/", b"", {})) == Sent()


def test_ipv6_works_and_is_guarded(settings):
    try:
        sink = HttpSink(host="::1")
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with sink:
        settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
        outcome = http.post(http.Request(sink.url, b"", {}))
        assert outcome.cause == Cause.ADDRESS_BLOCKED
        assert sink.connections == 0
        settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["::1/128"]}
        assert http.post(http.Request(sink.url, b"", {})) == Sent()


def test_a_kept_connection_is_not_used_once_its_network_is_no_longer_allowed(settings, monkeypatch):
    monkeypatch.setattr("tocsin.channels.http.urls._addresses", lambda host: ())
    with HttpSink() as sink:
        request = http.Request(f"http://localhost:{sink.port}/", b"", {})
        settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
        assert http.post(request) == Sent()
        settings.TOCSIN = {}
        assert http.post(request).cause == Cause.ADDRESS_BLOCKED
        assert len(sink.requests) == 1


def test_one_blocked_message_costs_no_other(settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    with HttpSink() as sink:
        urls = ["http://10.0.0.1/", sink.url, "http://169.254.169.254/", sink.url]
        done = dict(http.post_many(ListFeed(range(4)), lambda number: http.Request(urls[number], b"", {})))
    assert [type(done[number]) for number in range(4)] == [Rejected, Sent, Rejected, Sent]


def test_what_is_no_internet_socket_is_refused():
    class Address:
        family, socktype, protocol, addr = socket.AF_UNIX, socket.SOCK_STREAM, 0, "/var/run/docker.sock"

    slot = Slot(("0.0.0.0/0",))
    assert slot._open(0, Address()) == pycurl.SOCKET_BAD
    assert slot.blocked
