"""TLS is verified, never downgraded, and its failures are told from others."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers.certificates import Authority
from tests.servers.http_sink import HttpSink
from tocsin.channels import http
from tocsin.channels.base import Cause, Retry, Sent


@pytest.fixture
def authority(tmp_path, monkeypatch, settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def ask(url, deadline=10.0):
    """In a thread of its own: engines, and what they trust, are kept per thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(http.post, http.Request(url, b"{}", {}), deadline=deadline).result()


def test_a_good_certificate_is_accepted(authority):
    with HttpSink(tls=authority.server("127.0.0.1")) as sink:
        assert ask(sink.url) == Sent()
        assert len(sink.requests) == 1


@pytest.mark.parametrize("wrong", ["expired", "other host", "self-signed"])
def test_a_bad_certificate_is_not(authority, wrong):
    context = {
        "expired": lambda: authority.server("127.0.0.1", days=-1),
        "other host": lambda: authority.server("example.com"),
        "self-signed": lambda: authority.server("127.0.0.1", trusted=False),
    }[wrong]()
    with HttpSink(tls=context) as sink:
        outcome = ask(sink.url + "secret-path")
        assert isinstance(outcome, Retry)
        assert outcome.cause == Cause.TLS
        assert "secret-path" not in outcome.detail
        assert not sink.requests


def test_a_server_without_tls_is_not_spoken_to_in_clear(authority):
    heard = []

    def answer(server):
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(answer, server)
        outcome = ask(f"https://127.0.0.1:{server.getsockname()[1]}/")
    assert isinstance(outcome, Retry)
    assert outcome.cause == Cause.TLS
    assert b"POST" not in heard[0]


def test_a_handshake_that_hangs_ends_at_the_deadline(authority):
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = ask(f"https://127.0.0.1:{server.getsockname()[1]}/", deadline=0.4)
    assert isinstance(outcome, Retry)
    assert outcome.cause == Cause.TIMEOUT
