"""The lane to Django: the request arrives whole, and the answer leaves whole."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tests.servers.asgi_server import AsgiServer
from tests.urls import urlpatterns as usual
from tocsin.server.bridge import environ_of
from tocsin.server.router import MAX_PAGE_BYTES, Application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest


pytestmark = pytest.mark.only_on("sqlite")


@csrf_exempt
def echo(request: HttpRequest, rest: str) -> JsonResponse:
    return JsonResponse({
        "path": request.path, "rest": rest, "query": request.GET, "body": request.body.decode("latin-1"),
        "method": request.method, "cookies": request.COOKIES, "x": request.headers.get("X-One"),
        "length": request.META["CONTENT_LENGTH"], "real": request.META.get("HTTP_X_REAL_IP"),
    })  # fmt: skip


second_wanted = threading.Event()


def drip() -> Iterator[bytes]:
    yield b"first"
    yield b"second" if second_wanted.wait(20) else b"too late"


urlpatterns = [
    *usual,
    path("echo/<path:rest>", echo),
    path("stream/", lambda request: StreamingHttpResponse(b"%d;" % n for n in range(500))),
    path("drip/", lambda request: StreamingHttpResponse(drip())),
    path("teapot/", lambda request: HttpResponse("short", status=418, headers={"X-Pot": "thé"})),
    path("crash/", lambda request: 1 / 0),
]  # fmt: skip


@pytest.fixture
def server(transactional_db):
    with override_settings(ROOT_URLCONF=__name__), AsgiServer(Application()) as running:
        yield running


def test_the_request_arrives_as_it_was_sent(server) -> None:
    headers = {"Cookie": "a=1; b=2", "X-One": "eins", "X_Real_IP": "6.6.6.6", "Content-Type": "text/plain"}
    status, _, body = server.request("PUT", "/echo/%C3%A4%20b?q=1&q=%26", b"\x00\xff", headers)
    assert status == 200
    assert json.loads(body) == {
        "path": "/echo/ä b", "rest": "ä b", "query": {"q": "&"}, "body": "\x00ÿ", "method": "PUT",
        "cookies": {"a": "1", "b": "2"}, "x": "eins", "length": "2", "real": None,
    }  # fmt: skip


def test_a_chunked_body_arrives_whole(server) -> None:
    status, _, body = server.request("POST", "/echo/x", iter([b"ab", b"", b"cd"]))
    assert (status, json.loads(body)["body"], json.loads(body)["length"]) == (200, "abcd", "4")


def test_answers_leave_as_they_were_made(server) -> None:
    status, headers, body = server.request("GET", "/teapot/")
    assert (status, headers["x-pot"], headers["content-length"], body) == (418, "thé", "5", b"short")
    assert server.request("GET", "/stream/")[2] == b"".join(b"%d;" % n for n in range(500))
    status, headers, body = server.request("HEAD", "/teapot/")
    assert (status, headers["content-length"], body) == (418, "5", b"")


def test_a_stream_leaves_as_it_is_made(server) -> None:
    second_wanted.clear()
    with server.connection() as connection:
        connection.request("GET", "/drip/")
        response = connection.getresponse()
        assert response.read(5) == b"first"
        second_wanted.set()
        assert response.read() == b"second"


def test_a_view_that_fails_is_500_and_the_server_goes_on(server) -> None:
    status, _, body = server.request("GET", "/crash/")
    assert (status, b"ZeroDivisionError" in body) == (500, False)
    assert server.request("GET", "/tocsin/healthz")[0] == 200


def test_a_page_takes_no_more_than_a_form_may_have(server) -> None:
    assert server.request("POST", "/echo/x", b"x" * 2_000_000)[0] == 200
    status, headers, _ = server.request("POST", "/echo/x", b"x" * (MAX_PAGE_BYTES + 1))
    assert (status, headers["content-type"]) == (413, "application/problem+json")


def test_many_at_once_are_all_answered(server) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(server.request("GET", f"/echo/{n}")[0]))
        for n in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 40


def test_a_mount_point_is_no_part_of_the_path() -> None:
    scope = {
        "method": "GET", "path": "/app/x", "root_path": "/app", "query_string": b"", "http_version": "1.1",
        "headers": [(b"x-one", b"1"), (b"x-one", b"2"), (b"cookie", b"a=1"), (b"cookie", b"b=2"),
                    (b"content-length", b"99"), (b"x_one", b"forged")],
        "server": ("::1", None), "client": None, "scheme": "https",
    }  # fmt: skip
    environ = environ_of(scope, b"abc")
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["CONTENT_LENGTH"]) == ("/app", "/x", "3")
    assert (environ["HTTP_X_ONE"], environ["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")
    assert environ["wsgi.url_scheme"] == "https"


def test_a_host_gets_the_rest(transactional_db) -> None:
    async def host(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    with AsgiServer(Application(host)) as server:
        assert server.request("GET", "/shop/")[::2] == (299, b"/shop/")
        assert server.request("POST", "/tocsin/api/v1/events", b"{}")[::2] == (299, b"/tocsin/api/v1/events")


def test_a_websocket_is_closed_where_there_is_no_host() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Application()({"type": "websocket", "path": "/"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1000}]
