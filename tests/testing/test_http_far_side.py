"""The HTTP far side: answers as told, writes down what came, and leaves nothing behind."""

from __future__ import annotations

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

import pytest

from tocsin.testing import HttpFarSide, Reply

FAULTS = {"garbage": http.client.BadStatusLine, "cut": http.client.IncompleteRead}


def connect(far_side, timeout=10):
    url = urlsplit(far_side.url)
    return http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)


def ask(connection, body=b"x", method="POST", path="/", **headers):
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_each_kind_has_its_answer_and_the_last_is_for_good():
    with HttpFarSide() as far_side:
        far_side.answer("accepted", "refused", "gone", "failing", "throttled")
        connection = connect(far_side)
        assert [ask(connection)[0] for _ in range(7)] == [200, 400, 410, 500, 429, 429, 429]
        connection.request("POST", "/")
        assert connection.getresponse().headers["Retry-After"] == "7"
        connection.close()


def test_it_says_what_arrived_before_it_answers():
    with HttpFarSide() as far_side:
        connection = connect(far_side)
        ask(connection, "größer 😀".encode(), "PUT", "/a?b=c", X_Word="one")
        [seen] = far_side.requests
        assert (seen.method, seen.path, seen.headers["x-word"]) == ("PUT", "/a?b=c", "one")
        assert far_side.payloads() == ["größer 😀"]
        assert (far_side.arrivals("größer"), far_side.arrivals("else")) == (1, 0)
        connection.close()


def test_a_form_is_read_as_its_fields_and_chunks_as_one_body():
    with HttpFarSide() as far_side:
        connection = connect(far_side)
        ask(connection, b"To=%2B47&Body=a+b", Content_Type="application/x-www-form-urlencoded")
        ask(connection, iter([b"one ", b"two"]))
        assert json.loads(far_side.payloads()[0]) == {"To": "+47", "Body": "a b"}
        assert far_side.payloads()[1] == "one two"
        connection.close()


def test_replies_of_ones_own_are_numbered():
    with HttpFarSide({"accepted": Reply(201, b'{"id": "m<n>"}', {"X-Id": "<n>"})}) as far_side:
        connection = connect(far_side)
        assert [ask(connection) for _ in range(2)] == [(201, b'{"id": "m1"}'), (201, b'{"id": "m2"}')]
        far_side.answer(Reply(299, b"odd"))
        assert ask(connection) == (299, b"odd")
        connection.close()


def test_what_is_no_message_is_answered_apart():
    class Directory(HttpFarSide):
        def other(self, arrival):
            return Reply(200, b"found") if arrival.method == "GET" else None

    with Directory() as far_side:
        far_side.answer("refused")
        connection = connect(far_side)
        assert (ask(connection, method="GET"), ask(connection)[0]) == ((200, b"found"), 400)
        assert (len(far_side.others), len(far_side.requests)) == (1, 1)
        connection.close()


def test_a_request_that_is_sent_again_after_a_drop_is_no_new_message():
    with HttpFarSide() as far_side:
        far_side.answer("dropping", "accepted")
        for _ in range(2):
            with pytest.raises(http.client.RemoteDisconnected):
                ask(connect(far_side), b"first")
        assert ask(connect(far_side), b"second")[0] == 200
        assert far_side.payloads() == ["first", "second"]


def test_an_echo_repeats_the_request_where_reasons_are_looked_for():
    with HttpFarSide({"refused": Reply(400, b'{"error": "unfit"}')}) as far_side:
        far_side.echoing = True
        far_side.answer("refused", "gone", "accepted")
        connection = connect(far_side)
        answers = [ask(connection, b"s3cret", Authorization="Bearer t0ken") for _ in range(3)]
        told = json.loads(answers[0][1])
        assert told["error"] == "unfit"
        assert "s3cret" in told["message"]
        assert "t0ken" in told["message"]
        assert b"t0ken" in answers[1][1]
        assert answers[2] == (200, b"")
        connection.close()


@pytest.mark.parametrize(("fault", "error"), FAULTS.items())
def test_faults(fault, error):
    with HttpFarSide() as far_side:
        far_side.answer(Reply(200, b"half", fault=fault))
        with pytest.raises(error):
            ask(connect(far_side))


def test_a_kind_that_it_does_not_know_is_an_error():
    with HttpFarSide() as far_side:
        with pytest.raises(ValueError, match=r"'broken'.*accepted"):
            far_side.answer("accepted", "broken")
        with pytest.raises(ValueError, match="accepted"):
            far_side.answer()


def servants():
    """The threads of HTTP servers."""
    names = ("serve_forever", "process_request_thread")
    return {thread for thread in threading.enumerate() if any(name in thread.name for name in names)}


def test_leaving_it_ends_hanging_requests_idle_connections_and_threads():
    before = servants()
    with HttpFarSide() as far_side:
        idle = connect(far_side)
        ask(idle)
        far_side.answer("hanging")
        hanging = connect(far_side)
        hanging.request("POST", "/", b"waits")
        ends = time.monotonic() + 10
        while not far_side.arrivals("waits") and time.monotonic() < ends:
            time.sleep(0.005)
    assert servants() <= before
    for connection in (idle, hanging):
        assert connection.sock.recv(1) == b""
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        connect(far_side).connect()
