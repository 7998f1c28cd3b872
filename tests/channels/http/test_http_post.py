"""The seam against a real server: one request, its deadline, its bounds, its connections."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import time

import pytest

from tests.servers.http_sink import GIGABYTE, HttpSink, Reply
from tocsin.channels import http
from tocsin.channels.base import Cause, Rejected, Retry, Sent


@pytest.fixture(autouse=True)
def _loopback_allowed(settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8", "::1/128"]}


def ask(url, body=b"{}", deadline=10.0, **kwargs):
    headers = kwargs.pop("headers", {"content-type": "application/json"})
    return http.post(http.Request(url, body, headers, **kwargs), deadline=deadline)


def test_a_request_arrives_as_it_was_given():
    with HttpSink() as sink:
        body = b'{"a": "\xc3\xa5"}'
        outcome = ask(sink.url + "hook?x=1", body, headers={"content-type": "application/json", "x-own": "7"})
    seen = sink.requests[0]
    assert outcome == Sent()
    assert (seen.method, seen.path, seen.body) == ("POST", "/hook?x=1", body)
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["x-own"] == "7"
    assert seen.headers["user-agent"] == http.USER_AGENT
    assert seen.raw_head.startswith(b"POST /hook?x=1 HTTP/1.1\r\n")
    assert not {"expect", "accept-encoding", "cookie", "authorization", "referer"} & set(seen.headers)


def test_a_large_body_is_sent_without_asking_first():
    with HttpSink() as sink:
        assert ask(sink.url, b"x" * 3_000_000) == Sent()
    assert len(sink.requests[0].body) == 3_000_000
    assert "expect" not in sink.requests[0].headers


def test_other_methods_do_not_stick_to_the_handle():
    with HttpSink() as sink:
        for method in ("PUT", "POST", "PATCH"):
            assert ask(sink.url, method=method) == Sent()
    assert [seen.method for seen in sink.requests] == ["PUT", "POST", "PATCH"]


@pytest.mark.parametrize("once", [True, False])
def test_what_may_be_sent_but_once_is_not_sent_again_by_the_library(once):
    """A server that keeps connections open closes this one in place of an answer: libcurl would try another."""
    with HttpSink([Reply(200), Reply(fault="drop")]) as sink:
        assert ask(sink.url) == Sent()
        outcome = ask(sink.url, once=once)
    assert isinstance(outcome, Retry)
    assert (len(sink.requests) == 2) is once


def test_nothing_of_one_request_shows_in_the_next():
    with HttpSink([Reply(400, b"first"), Reply(500, b"", {"retry-after": "9"}), Reply(400)]) as sink:
        first = ask(sink.url, b"long body of the first", headers={"x-first": "1"})
        second = ask(sink.url, b"", headers={})
        http.forget_rests()
        third = ask(sink.url)
    assert first.detail.endswith("answered 400")
    assert second.detail.endswith("answered 500")
    assert second.after == 9.0
    assert third.detail.endswith("answered 400")
    assert sink.requests[1].body == b""
    assert "x-first" not in sink.requests[1].headers


def test_connections_are_kept_between_calls():
    with HttpSink() as sink:
        for _ in range(5):
            assert ask(sink.url) == Sent()
    assert sink.connections == 1


def test_a_kept_connection_that_died_costs_nothing():
    with HttpSink([Reply()]) as sink:
        assert ask(sink.url) == Sent()
        sink.script = [Reply(fault="drop"), Reply()]
        assert ask(sink.url) == Sent()


def test_redirects_are_not_followed():
    with HttpSink() as other, HttpSink([Reply(307, headers={"location": other.url})]) as sink:
        outcome = ask(sink.url)
        assert isinstance(outcome, Rejected)
        assert outcome.cause == Cause.REDIRECT
        assert not other.requests


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    with HttpSink() as proxy, HttpSink() as sink:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert ask(sink.url) == Sent()
        assert not proxy.requests


def test_credentials_of_a_netrc_are_not_sent(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with HttpSink() as sink:
        assert ask(sink.url) == Sent()
        assert "authorization" not in sink.requests[0].headers


@pytest.mark.parametrize("fault", ["tarpit", "slow"])
def test_the_deadline_is_for_the_whole_request(fault):
    with HttpSink([Reply(fault=fault)]) as sink:
        started = time.monotonic()
        outcome = ask(sink.url, deadline=0.4)
        assert time.monotonic() - started < 8
        assert isinstance(outcome, Retry)
        assert outcome.cause == Cause.TIMEOUT


def test_headers_without_end_are_cut_off():
    with HttpSink([Reply(fault="headers")]) as sink:
        outcome = ask(sink.url, deadline=20.0)
        assert isinstance(outcome, Retry)
        assert outcome.cause in (Cause.DISCONNECTED, Cause.SERVER_ERROR)


def test_a_gigabyte_is_not_read():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with HttpSink([Reply(200, fault="huge")]) as sink:
        assert ask(sink.url) == Sent()
        assert sink.sent_bytes < GIGABYTE // 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_an_over_long_body_counts_by_its_status_and_is_capped():
    with HttpSink([Reply(400, b"x" * 50_000)]) as sink:
        seen = []
        request = http.Request(sink.url, b"", {})
        outcome = http.post(request, lambda response: seen.append(response.body) or http.classify(response))
        assert outcome.cause == Cause.REFUSED_CONTENT
        assert len(seen[0]) == http.MAX_RESPONSE_BYTES


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("drop", Cause.DISCONNECTED),
        ("reset", Cause.DISCONNECTED),
        ("cut", Cause.DISCONNECTED),
        ("garbage", Cause.SERVER_ERROR),
    ],
)
def test_a_lost_connection_is_retried(fault, cause):
    with HttpSink([Reply(fault=fault)]) as sink:
        outcome = ask(sink.url + "secret-path")
    assert isinstance(outcome, Retry)
    assert outcome.cause == cause
    assert "secret-path" not in outcome.detail


def test_a_closed_port_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outcome = ask(f"http://127.0.0.1:{port}/secret-path?token=abcdef")
    assert isinstance(outcome, Retry)
    assert outcome.cause == Cause.REFUSED
    assert "secret-path" not in outcome.detail
    assert "abcdef" not in outcome.detail


def test_a_name_that_does_not_resolve_is_retried():
    outcome = ask("http://no-such-host.invalid/")
    assert isinstance(outcome, Retry)
    assert outcome.cause == Cause.DNS


@pytest.mark.parametrize(
    "headers", [{"x": "a\r\nx-evil: 1"}, {"x\n": "a"}, {"x": "a\x00b"}, {"x": "å\u2028"}]
)
def test_a_header_with_a_control_character_is_never_sent(headers):
    with HttpSink() as sink:
        outcome = ask(sink.url, headers=headers)
        assert isinstance(outcome, Retry)
        assert outcome.cause == Cause.BUG
        assert ask(sink.url) == Sent()
        assert len(sink.requests) == 1


def test_a_url_that_is_none_is_rejected():
    outcome = ask("ftp://example.com/secret")
    assert isinstance(outcome, Rejected)
    assert outcome.cause == Cause.BAD_SETTINGS
    assert "secret" not in outcome.detail


def test_reading_that_raises_is_a_bug_and_the_log_holds_no_secret(caplog):
    token = "hunter" + "22"

    def read(response):
        raise ValueError(token)

    with HttpSink() as sink:
        outcome = http.post(http.Request(sink.url, b"", {}), read)
        assert isinstance(outcome, Retry)
        assert outcome.cause == Cause.BUG
        assert token not in outcome.detail
    assert "ValueError" in caplog.text
    assert token not in caplog.text


FORKING = """
import os, sys
from django.conf import settings
settings.configure(TOCSIN={"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]})
from tocsin.channels import http
from tocsin.channels.base import Sent
def ask():
    assert http.post(http.Request(sys.argv[1], b"", {})) == Sent()
ask()
if (child := os.fork()) == 0:
    ask()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
ask()
"""


def test_a_fork_does_not_share_connections():
    with HttpSink() as sink:
        subprocess.run([sys.executable, "-c", FORKING, sink.url], check=True, timeout=60)
        assert [seen.connection for seen in sink.requests] == [1, 2, 1]


MANY_FILES = """
import os, resource, sys, threading, time
from django.conf import settings
settings.configure(TOCSIN={"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]})
from tocsin.channels import http
from tocsin.channels.base import Sent
def ask(url):
    assert http.post(http.Request(url, b"", {}), deadline=5.0) == Sent()
ask(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
while os.dup(0) < 1100:
    pass
ask(sys.argv[2])  # a new connection of an engine that has a low descriptor
before = time.process_time()
asking = threading.Thread(target=ask, args=[sys.argv[2]])  # an engine that has none
asking.start()
asking.join()
assert time.process_time() - before < 0.3, "it spins"
"""


def test_many_open_files_neither_stop_the_seam_nor_make_it_spin():
    """select() knows no descriptor above 1023."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2048:
        pytest.skip("not enough descriptors allowed here")
    with HttpSink() as first, HttpSink([Reply(delay=2.0)]) as second:
        subprocess.run([sys.executable, "-c", MANY_FILES, first.url, second.url], check=True, timeout=60)
