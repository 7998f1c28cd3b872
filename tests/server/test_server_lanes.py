"""The ingest lane: it answers as Django does, and what goes together harms nobody."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError, OperationalError
from django.utils.translation import gettext

from tests.api.conftest import DRILL, PREFIX
from tocsin import pipeline
from tocsin.api.limits import max_request_bytes
from tocsin.errors import invalid
from tocsin.events import accept
from tocsin.events.models import Event
from tocsin.server.lanes import MAX_LANE_BYTES, IngestLane
from tocsin.tenants.tokens import authenticate

if TYPE_CHECKING:
    from tocsin.api.answers import Answer

PATH = f"{PREFIX}/events"
THAT_MATTER = ("content-type", "cache-control", "x-content-type-options", "retry-after",
               "www-authenticate", "allow")  # fmt: skip
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f-]{27}")


@pytest.fixture
def taken(monkeypatch) -> list[bytes]:
    """The bodies that the ingest lane took."""
    bodies: list[bytes] = []
    submit = IngestLane.submit

    async def noted(self: IngestLane, body: bytes, *rest: Any) -> Answer:
        bodies.append(body)
        return await submit(self, body, *rest)

    monkeypatch.setattr(IngestLane, "submit", noted)
    return bodies


BY_LANE: dict[str, Any] = {
    "one": DRILL,
    "list": [DRILL, {**DRILL, "level": "failed"}],
    "due": {**DRILL, "due_at": "2030-01-01T00:00:00Z"},
    "to a group": {**DRILL, "to": ["group:manager"]},
    "wrong fields": {**DRILL, "level": "loud", "to": ["crowd:all"], "tpye": 1},
    "wrong address": {**DRILL, "to": ["email:nobody"]},
    "wrong in a list": [DRILL, {**DRILL, "title": ""}, 7],
    "other organization": {**DRILL, "organization": "rival"},
    "no organization": {**DRILL, "organization": "nowhere"},
    "address": {**DRILL, "to": ["email:ops@example.com"]},
    "conflict": {**DRILL, "dedupe_key": "taken"},
    "list with a conflict": [DRILL, {**DRILL, "dedupe_key": "taken"}],
    "key twice in a list": [{**DRILL, "dedupe_key": "x"}, {**DRILL, "title": "Other", "dedupe_key": "x"}],
    "empty list": [],
    "too many": [{}] * 1001,
    "no object": 7,
    "null": None,
    "empty": b"",
    "no json": b"{",
    "nan": b'{"a": NaN}',
    "twice": b'{"title": "a", "title": "b"}',
    "deep": b"[" * 10_000,
    "nul": b'{"title": "\\u0000"}',
    "surrogate": b'{"data": {"a": "\\ud800"}}',
    "latin-1": b'"\xff"',
}
HEADS: dict[str, dict[str, str]] = {
    "key": {"Idempotency-Key": "job-1"},
    "empty key": {"Idempotency-Key": ""},
    "wrong key": {"Idempotency-Key": "k" * 191},
    "another language": {"Accept-Language": "de"},
    "charset": {"Content-Type": 'application/json; charset="UTF-8"'},
}
BY_DJANGO: dict[str, tuple[Any, dict[str, str]]] = {
    "no token": (DRILL, {"Authorization": ""}),
    "wrong token": (DRILL, {"Authorization": "Bearer tcs_nope"}),
    "wrong type": (DRILL, {"Content-Type": "text/plain"}),
    "no type": (DRILL, {"Content-Type": ""}),
    "large": ({**DRILL, "body": "x" * MAX_LANE_BYTES}, {}),
}


def outcome(server, body: Any, headers: dict[str, str], *, django: bool) -> tuple[int, dict[str, str], bytes]:
    """`django` makes the lane refuse: it takes no body with a Content-Encoding, be it "identity"."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    extra = {"Content-Encoding": "identity"} if django else {}
    status, found, content = server.request("POST", PATH, data, headers | extra)
    assert int(found.pop("content-length")) == len(content)
    content = UUID.sub(b"ID", content).replace(b'"created":false', b'"created":true')
    return status, {name: value for name, value in found.items() if name in THAT_MATTER}, content


@pytest.fixture
def head(bearer) -> dict[str, str]:
    bearer("rival")
    acme = bearer("acme", "events:write")
    acme.send(dedupe_key="taken", title="First")
    return {"Authorization": f"Bearer {acme.token}", "Content-Type": "application/json"}


def test_both_lanes_answer_alike(server, head, taken) -> None:
    for name, body in BY_LANE.items():
        lane, django = (outcome(server, body, head, django=way) for way in (False, True))
        assert lane == django, name
    assert len(taken) == len(BY_LANE)


def test_both_lanes_read_the_head_alike(server, head, taken) -> None:
    for name, extra in HEADS.items():
        wrong = {**DRILL, "to": ["email:nobody"]}
        for body in (DRILL, [DRILL, DRILL], wrong):
            lane, django = (outcome(server, body, head | extra, django=way) for way in (False, True))
            assert lane == django, name
    assert len(taken) == 3 * len(HEADS)


def test_what_leaves_something_to_decide_goes_by_django(server, bearer, head, taken) -> None:
    for name, (body, extra) in BY_DJANGO.items():
        lane, django = (outcome(server, body, head | extra, django=way) for way in (False, True))
        assert lane == django, name
    reads = {"Authorization": f"Bearer {bearer('acme', 'events:read').token}"}
    lane, django = (outcome(server, DRILL, head | reads, django=way) for way in (False, True))
    assert lane == django
    assert lane[0] == 403
    data = json.dumps(DRILL).encode()
    assert server.request("POST", f"{PATH}?x=1", data, head)[0] == 422
    assert server.request("POST", PATH, iter([data[:5], data[5:]]), head)[0] == 202  # chunked
    assert server.request("GET", PATH, headers=head)[0] == 405
    assert taken == []


def test_both_lanes_say_when_the_database_is_away(server, head, monkeypatch) -> None:
    def away(*_):
        raise OperationalError("secret host")

    monkeypatch.setattr(accept, "insert", away)
    lane, django = (outcome(server, DRILL, head, django=way) for way in (False, True))
    assert lane == django
    assert (lane[0], lane[1]["retry-after"]) == (503, "2")


def test_both_lanes_speak_one_language(server, head, monkeypatch) -> None:
    def parse(*_):
        raise invalid("to", gettext("Enter a valid email address."))  # as Django's form fields do

    monkeypatch.setattr(pipeline, "parse", parse)
    german = head | {"Accept-Language": "de"}
    lane, django = (outcome(server, DRILL, german, django=way) for way in (False, True))
    assert lane == django
    assert b"Enter a valid" in lane[2]


def test_a_bug_is_told_and_the_lane_goes_on(server, head, monkeypatch) -> None:
    for error in (SystemExit(1), MemoryError(), ZeroDivisionError()):
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "accept_group", lambda _, error=error: (_ for _ in ()).throw(error))
            status, _, body = server.request("POST", PATH, json.dumps(DRILL), head)
            assert (status, b"Traceback" in body) == (500, False)
    assert server.request("POST", PATH, json.dumps(DRILL), head)[0] == 202


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(server, head) -> None:
    lines = [f"POST {PATH} HTTP/1.1", "Host: localhost", f"Content-Length: {max_request_bytes() + 1}",
             *(f"{name}: {value}" for name, value in head.items())]  # fmt: skip
    assert server.raw("\r\n".join([*lines, "", ""]).encode()).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_an_end_is_refused_when_it_gets_too_large(server, head) -> None:
    chunk = b"%x\r\n%s\r\n" % (65536, b" " * 65536)
    lines = [f"POST {PATH} HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked",
             *(f"{name}: {value}" for name, value in head.items())]  # fmt: skip
    sent = "\r\n".join([*lines, "", ""]).encode() + chunk * (max_request_bytes() // 65536 + 1)
    assert server.raw(sent).startswith(b"HTTP/1.1 413 ")


class Gate:
    """Holds the first commit until told, so that those who come meanwhile form one group."""

    def __init__(self, monkeypatch) -> None:
        self.sizes: list[int] = []
        self.open = threading.Event()
        real = pipeline.accept_group

        def counted(requests):
            self.sizes.append(len(requests))
            assert self.open.wait(20)
            return real(requests)

        monkeypatch.setattr(pipeline, "accept_group", counted)


def together(gate: Gate, scope: Any, requests: list[tuple[bytes, str | None]]) -> list[Answer]:
    """The answers to requests that share one commit."""

    async def run() -> list[Answer]:
        lane = IngestLane()
        first = asyncio.create_task(lane.submit(json.dumps(DRILL).encode(), None, scope))
        while not gate.sizes:
            await asyncio.sleep(0.001)
        rest = [asyncio.create_task(lane.submit(body, key, scope)) for body, key in requests]
        await asyncio.sleep(0)
        gate.open.set()
        given = await asyncio.wait_for(asyncio.gather(first, *rest), 20)
        await lane.close()
        return given[1:]

    return asyncio.run(run())


def test_fifty_in_one_commit_and_three_of_them_wrong(transactional_db, bearer, monkeypatch) -> None:
    acme = bearer("acme")
    acme.send(dedupe_key="taken", title="First")
    real = accept.insert

    def insert(rows):
        if any(draft.title == "poison" for _, draft in rows):
            raise DataError("a row that the database refuses")
        return real(rows)

    monkeypatch.setattr(accept, "insert", insert)
    bodies: list[Any] = [{**DRILL, "title": f"Drill {n}"} for n in range(46)]
    bodies += [[{**DRILL, "title": "Not me"}, {**DRILL, "dedupe_key": "taken"}], {**DRILL, "title": "poison"}]
    bodies += [{**DRILL, "title": "Once", "dedupe_key": "twice"}] * 2
    gate = Gate(monkeypatch)
    given = together(gate, authenticate(acme.token), [(json.dumps(body).encode(), None) for body in bodies])
    assert gate.sizes == [1, 50]
    assert [answer.status for answer in given] == [202] * 46 + [409, 422, 202, 202]
    once = [json.loads(answer.body)["events"][0] for answer in given[-2:]]
    assert once[0]["id"] == once[1]["id"]
    assert sorted(one["created"] for one in once) == [False, True]
    titles = sorted(Event.objects.exclude(title__in=["First", "Fire drill"]).values_list("title", flat=True))
    assert titles == sorted([*(f"Drill {n}" for n in range(46)), "Once"])


def test_what_cannot_be_read_costs_its_neighbours_nothing(transactional_db, bearer, monkeypatch) -> None:
    good = json.dumps(DRILL).encode()
    gate = Gate(monkeypatch)
    scope = authenticate(bearer("acme").token)
    given = together(gate, scope, [(good, None), (b"{", None), (good, "k"), (b"[" * 9999, None), (good, "")])
    assert [answer.status for answer in given] == [202, 400, 202, 400, 422]
    assert gate.sizes == [1, 2]


def test_a_lane_that_closes_answers_those_who_wait(transactional_db, bearer) -> None:
    scope = authenticate(bearer("acme").token)

    async def run() -> list[Answer]:
        lane = IngestLane()
        waiting = [
            asyncio.create_task(lane.submit(json.dumps(DRILL).encode(), None, scope)) for _ in range(20)
        ]
        await asyncio.sleep(0)
        await lane.close()
        late = await asyncio.wait_for(lane.submit(json.dumps(DRILL).encode(), None, scope), 20)
        return [*await asyncio.gather(*waiting), late]

    given = asyncio.run(run())
    assert [answer.status for answer in given] == [202] * 20 + [503]
    assert Event.objects.count() == 20


def test_a_client_that_goes_away_holds_nobody_up(transactional_db, bearer, monkeypatch) -> None:
    gate = Gate(monkeypatch)
    scope = authenticate(bearer("acme").token)
    body = json.dumps(DRILL).encode()

    async def run() -> Answer:
        lane = IngestLane()
        gone = asyncio.create_task(lane.submit(body, None, scope))
        stays = asyncio.create_task(lane.submit(body, None, scope))
        while not gate.sizes:
            await asyncio.sleep(0.001)
        gone.cancel()
        gate.open.set()
        answer = await asyncio.wait_for(stays, 20)
        await lane.close()
        return answer

    assert asyncio.run(run()).status == 202


def test_the_lane_is_held_to_rate_limits(server, head, settings) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "RATE_LIMITS": {"token": 3}}
    statuses = [server.request("POST", PATH, json.dumps(DRILL), head)[0] for _ in range(5)]
    assert statuses == [202, 202, 202, 429, 429]
