"""`tocsin serve` and `tocsin worker`: they do the work, and end in order."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.cli.shell import eventually


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status, answer.headers, answer.read()


def url_of(server):
    return server.line_with("tocsin is at").split()[3]


def test_serve_answers_and_ends_in_order(shell):
    with shell.started("serve", "--port", "0") as server:
        url = url_of(server)
        eventually(lambda: get(f"{url}/healthz")[0] == 200)
        status, headers, body = get(f"{url}/account/login/")
        assert (status, b"password" in body) == (200, True)
        style = re.search(rb'"(/static/[^"]+[.]css)"', body)[1].decode()
        status, headers, _ = get(url + style)
        assert (status, headers["content-type"].partition(";")[0]) == (200, "text/css")
        assert "max-age" in headers["cache-control"]
        assert server.end() == 0
    assert not [line for line in server.lines if "Traceback" in line]


@pytest.mark.parametrize(
    "path", ["static/../settings.py", "static/no.css", "static/%2e%2e/%2e%2e/etc/passwd", "static/"]
)
def test_serve_gives_no_other_files(shell, path):
    with shell.started("serve", "--port", "0") as server:
        url = url_of(server)
        eventually(lambda: get(f"{url}/healthz")[0] == 200)
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(f"{url}/{path}")
        assert refused.value.code in (400, 404)


def post(url, token, **fields):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v1/events", json.dumps(fields).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_finishes_what_is_in_hand_before_it_ends(shell, relay, number):
    arrived, released = threading.Event(), threading.Event()

    def slowly(caught):
        arrived.set()
        released.wait(30)

    relay.data = slowly
    (shell.home / "tocsin.toml").write_text("INLINE_DRAIN_SECONDS = 60")
    shell.variables["TOCSIN_CONFIG"] = str(shell.home / "tocsin.toml")
    token = shell.run("token", "create", "test")
    with shell.started("serve", "--port", "0") as server:
        url = url_of(server)
        eventually(lambda: get(f"{url}/healthz")[0] == 200)
        assert post(url, token, type="message:system", title="x", to=["user:ana"]) == 202
        assert arrived.wait(30)
        server.process.send_signal(number)
        eventually(lambda: not _listens(url))
        with pytest.raises(subprocess.TimeoutExpired):  # it waits for the mail that is under way
            server.process.wait(2)
        released.set()
        assert server.process.wait(30) == 0
    assert {line["state"] for line in shell.json("deliveries", "list")} == {"sent"}


def _listens(url):
    parts = urllib.parse.urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port), 1):
        return True
    return False


def test_a_port_that_is_taken(shell):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = shell.refused("serve", "--port", str(taken.getsockname()[1]), code=1)
    assert "Choose another with --port" in said


def test_a_host_that_is_none(shell):
    assert "Error: " in shell.refused("serve", "--host", "no.such.host.invalid", "--port", "0", code=1)


def test_serve_for_others_asks_for_its_name(shell):
    with shell.started("serve", "--host", "0.0.0.0", "--port", "0") as server:
        assert "until TOCSIN_BASE_URL says" in server.line_with("answers only")
        assert server.end() == 0


def test_a_worker_delivers_and_ends_in_order(shell, relay):
    shell.variables["TOCSIN_ENGINE"] = "worker"
    with shell.started("worker") as worker:
        worker.line_with("worker is running")
        eventually(lambda: "1 alive" in shell.attempt("doctor").stdout)
        assert shell.attempt("notify", "message:system", "--title", "x", "--to", "user:ana").stderr == ""
        eventually(lambda: relay.messages)
        assert worker.end() == 0
    assert {line["state"] for line in shell.json("deliveries", "list")} == {"sent"}
    assert "none is running" in shell.attempt("doctor").stdout


def test_a_worker_that_only_a_new_process_can_help_says_so(invoke, monkeypatch):
    monkeypatch.setattr("tocsin.engines.worker.WorkerProcess.run", lambda self: 75)
    invoke("worker", code=75)
