"""`tocsin serve` and `tocsin worker`: they do the work, and end in order."""

from __future__ import annotations

import json
import re
import signal
import socket
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


def test_serve_delivers_what_it_accepted_before_it_ends(shell, relay):
    token = shell.run("token", "create", "test")
    with shell.started("serve", "--port", "0") as server:
        url = url_of(server)
        eventually(lambda: get(f"{url}/readyz")[0] == 200)
        body = json.dumps({"type": "message:system", "title": "x", "to": ["user:ana"]}).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/api/v1/events", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 202
        assert server.end(signal.SIGINT) == 0
    assert [mail.recipients for mail in relay.messages] == [["ana@example.org"]]
    assert {line["state"] for line in shell.json("deliveries", "list")} == {"sent"}


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
