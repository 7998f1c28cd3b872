"""The live stream over HTTP: for the person of a session, pushed, and closed when they leave."""

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

import tocsin
from tests.api.conftest import PREFIX
from tocsin.inbox import stream
from tocsin.testing import deliver_now

if TYPE_CHECKING:
    from tests.servers.asgi_server import AsgiServer

PATH = f"{PREFIX}/inbox/stream"


@pytest.fixture
def ana(transactional_db, signed_in):
    return signed_in("ana", "")


def head_of(caller: Any) -> dict[str, str]:
    return {"Cookie": f"sessionid={caller.client.cookies['sessionid'].value}"}


def opened(
    server: AsgiServer, head: dict[str, str]
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", PATH, headers=head)
    return connection, connection.getresponse()


def next_event(response: http.client.HTTPResponse) -> dict[str, str]:
    """The next event, without the comments and the retry line between them."""
    found: dict[str, str] = {}
    while "data" not in found or response.peek(1)[:1] != b"\n":
        name, _, text = response.readline().decode().rstrip("\n").partition(": ")
        found[name] = text
    return found


def is_empty() -> bool:
    return not any(hub.readers for hub in stream._hubs.values())


def wait_until_empty() -> None:
    tick = threading.Event()
    for _ in range(1000):
        if is_empty():
            return
        tick.wait(0.02)
    raise AssertionError("somebody is still streaming")


def test_a_reader_hears_of_what_is_new(server, ana) -> None:
    connection, response = opened(server, head_of(ana))
    assert (response.status, response.getheader("Content-Type")) == (200, "text/event-stream")
    assert response.getheader("Cache-Control") == "no-store"
    assert json.loads(next_event(response)["data"])["unread"] == 0
    tocsin.notify("drill", title="Fire drill", to=["user:ana"])
    deliver_now()
    assert json.loads(next_event(response)["data"])["unread"] == 1
    connection.close()
    wait_until_empty()


def test_a_server_that_ends_ends_its_streams(server, ana) -> None:
    connection, response = opened(server, head_of(ana))
    next_event(response)
    server.server.should_exit = True
    assert b"still here" not in response.read()  # it is not the heart that ends it, much later
    connection.close()
    wait_until_empty()


def test_a_page_of_another_origin_hears_with_a_token(
    server, transactional_db, django_user_model, settings
) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "INBOX_ORIGINS": ["https://shop.example.org"]}
    token = tocsin.inbox_token(django_user_model.objects.create_user("ana"))
    head = {"Authorization": f"Bearer {token}", "Origin": "https://shop.example.org"}
    connection, response = opened(server, head)
    assert (response.status, "Origin" in response.getheader("Vary")) == (200, True)
    assert response.getheader("Access-Control-Allow-Origin") == "https://shop.example.org"
    tag = next_event(response)["id"]
    connection.close()
    connection, response = opened(server, head | {"Last-Event-ID": tag})
    tocsin.notify("drill", title="Fire drill", to=["user:ana"])
    deliver_now()
    assert json.loads(next_event(response)["data"])["unread"] == 1
    connection.close()
    wait_until_empty()


def test_only_a_person_has_a_stream(server, bearer) -> None:
    assert server.request("GET", PATH)[0] == 401
    token = {"Authorization": f"Bearer {bearer('acme').token}"}
    status, headers, _ = server.request("GET", PATH, headers=token)
    assert (status, headers["content-type"]) == (403, "application/problem+json")
    assert is_empty()


def test_no_client_can_pretend_to_be_the_server(server, ana) -> None:
    assert server.request("POST", PATH, b"", head_of(ana))[0] == 405
    assert is_empty()
