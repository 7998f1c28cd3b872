"""Messages of several requests: one after the other, many at once, in one deadline."""

from __future__ import annotations

import pytest

from tests.servers.http_sink import HttpSink, Reply
from tocsin.channels import http
from tocsin.channels.base import Cause, Later, Retry, Sent
from tocsin.channels.feeds import Only


@pytest.fixture(autouse=True)
def _loopback_allowed(settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}


def chain(url, *names):
    """Ask for each name in turn; what the last answer said is the id."""
    said = []
    for name in names:
        response = yield http.Request(f"{url}{name}", b"", {}, method="GET")
        said.append(response.body.decode())
    return Sent(" ".join(said))


def echo(seen):
    return Reply(200, seen.path.strip("/").encode())


def test_each_answer_leads_to_the_next_request():
    with HttpSink(echo) as sink:
        assert http.converse(chain(sink.url, "a", "b", "c")) == Sent("a b c")
    assert [seen.path for seen in sink.requests] == ["/a", "/b", "/c"]
    assert sink.connections == 1


def test_a_conversation_may_end_before_it_asks():
    def silent():
        return Sent("nothing to ask")
        yield

    assert http.converse(silent()) == Sent("nothing to ask")


def test_many_go_on_at_once_and_get_their_own_answers():
    class Many:
        def __iter__(self):
            return iter(range(40))

        def more(self, free):
            return []

    with HttpSink(echo) as sink:
        found = dict(
            http.converse_many(Many(), lambda number: chain(sink.url, f"x{number}", f"y{number}"), share=1.0)
        )
    assert found == {number: Sent(f"x{number} y{number}") for number in range(40)}
    assert 1 < sink.connections <= 40


def test_a_get_has_no_body_and_what_follows_has_one():
    def mixed(url):
        yield http.Request(url, b"", {}, method="GET")
        yield http.Request(url, b"{}", {"content-type": "application/json"})
        yield http.Request(url, b"", {}, method="GET")
        yield http.Request(url, b"{}", {"content-type": "application/json"}, method="PATCH")
        return Sent()

    with HttpSink() as sink:
        assert http.converse(mixed(sink.url)) == Sent()
    assert [(seen.method, seen.body) for seen in sink.requests] == [
        ("GET", b""), ("POST", b"{}"), ("GET", b""), ("PATCH", b"{}"),
    ]  # fmt: skip
    assert b"content-length" not in sink.requests[2].raw_head.lower()


def test_what_gets_no_answer_ends_it():
    with HttpSink([Reply(200, b"first"), Reply(fault="drop")]) as sink:
        outcome = http.converse(chain(sink.url, "a", "b", "c"))
    assert isinstance(outcome, Retry)
    assert outcome.cause == Cause.DISCONNECTED
    assert [seen.path for seen in sink.requests[:2]] == ["/a", "/b"]
    assert "/c" not in [seen.path for seen in sink.requests]


def test_all_of_it_has_one_deadline():
    """Each answer alone would be in time; all of them are not."""
    with HttpSink([Reply(200, b"x", delay=0.4)]) as sink:
        outcome = http.converse(chain(sink.url, "a", "b", "c"), deadline=1.0)
    assert outcome == Retry(Cause.TIMEOUT, outcome.detail)


def test_a_host_that_fails_in_the_middle_is_left_alone():
    """A refusal to the second request tells the circuit as much as one to the first."""

    def twice(url):
        response = yield http.Request(url + "a", b"", {})
        outcome = http.classify(response)
        if isinstance(outcome, Sent):
            outcome = http.classify((yield http.Request(url + "b", b"", {})))
        return outcome

    with HttpSink(
        lambda seen: Reply(200) if seen.path == "/a" else Reply(429, b"", {"retry-after": "9"})
    ) as sink:
        assert http.converse(twice(sink.url)) == Retry(
            Cause.THROTTLED, f"{sink.url.rstrip('/')} answered 429", 9.0
        )
        assert isinstance(http.converse(twice(sink.url)), Later)
    http.forget_rests()
    assert len(sink.requests) == 2


def test_a_conversation_that_raises_costs_itself_alone():
    def broken(url):
        yield http.Request(url, b"", {})
        raise KeyError("secret")

    with HttpSink() as sink:
        assert http.converse(broken(sink.url)) == Retry(Cause.BUG, "KeyError while reading the request")
        assert http.converse(chain(sink.url, "a")) == Sent("")


def test_a_look_up_may_be_larger_than_an_answer():
    def sized(url, **more):
        response = yield http.Request(url, b"", {}, method="GET", **more)
        return Sent(str(len(response.body)))

    with HttpSink([Reply(200, b"x" * 100_000)]) as sink:
        assert http.converse(sized(sink.url)) == Sent("20000")
        assert http.converse(sized(sink.url, most_bytes=200_000)) == Sent("100000")


def test_closing_it_in_the_middle_leaves_the_connections_fit():
    with HttpSink([Reply(200), Reply(fault="tarpit"), Reply(200, b"x")]) as sink:
        going = http.converse_many(Only(1), lambda _: chain(sink.url, "a", "b"), deadline=0.3)
        assert [outcome.cause for _, outcome in going] == [Cause.TIMEOUT]
        assert http.converse(chain(sink.url, "c")) == Sent("x")
