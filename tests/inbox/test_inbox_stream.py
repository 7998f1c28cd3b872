"""The live stream: what a page is told, when, and when it is left alone."""

from __future__ import annotations

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections

from tocsin.inbox import queries, reading, stream, wake
from tocsin.inbox.summary import summary
from tocsin.tenants.scope import Scope

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20


class Listener:
    """A page: reads the stream of one person."""

    def __init__(self, user, last_event_id=""):
        self.pieces = stream.stream(Scope(frozenset(), user.pk), last_event_id)

    async def raw(self):
        return await asyncio.wait_for(anext(self.pieces, None), PATIENCE)

    async def event(self):
        """The next event: (name, id, data); comments and the retry line are passed over. None at the end."""
        while (piece := await self.raw()) is not None:
            lines = dict(line.split(": ", 1) for line in piece.decode().strip().split("\n") if line[0] != ":")
            if "event" in lines:
                return lines["event"], lines["id"], json.loads(lines["data"])
        return None

    async def close(self):
        await self.pieces.aclose()


@pytest.fixture
def quick(monkeypatch):
    """Rounds that follow each other at once, and no look at the rows but for a wake-up."""
    monkeypatch.setattr(stream, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 3600.0)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 3 * PATIENCE))


def in_thread(function, *args):
    """As another process would do it: on a connection of its own."""

    def work():
        try:
            return function(*args)
        finally:
            connections.close_all()

    return sync_to_async(work, thread_sensitive=False)()


def test_a_page_is_told_the_state_of_now(ana, told, quick):
    told(ana, "one", "two")

    async def scenario():
        page = Listener(ana)
        name, tag, data = await page.event()
        await page.close()
        return name, tag, data

    name, tag, data = run(scenario())
    assert name == "inbox"
    assert tag == summary(ana).tag
    assert (data["unread"], data["text"], data["channels"]["message"]) == (2, "2", 2)
    assert data["new"] == queries.newest_ids(ana)[::-1]


def test_what_happens_is_pushed_to_its_reader_alone(ana, ben, told, quick):
    async def scenario():
        hers, his = Listener(ana), Listener(ben)
        await hers.event()
        await his.event()
        await in_thread(told, ana, "news")
        first = await hers.event()
        await in_thread(told, ben, "other news")
        second = await his.event()
        await hers.close()
        await his.close()
        return first, second

    first, second = run(scenario())
    assert first[2]["unread"] == second[2]["unread"] == 1
    assert first[2]["new"] == queries.newest_ids(ana)
    assert second[2]["new"] == queries.newest_ids(ben)


def test_where_the_server_ends_streams_end_and_new_ones_too(ana, ben, told, quick):
    async def scenario():
        page = Listener(ana)
        await page.event()
        stream.end_all()
        return await page.event(), await Listener(ben).event()

    assert run(scenario()) == (None, None)


def test_reading_in_one_tab_is_heard_in_the_other(ana, told, quick):
    told(ana, "one", "two")
    chosen = queries.newest_ids(ana)[:1]

    async def scenario():
        page = Listener(ana)
        await page.event()
        await in_thread(queries.mark_read, ana, chosen)
        heard = await page.event()
        await page.close()
        return heard

    _name, _tag, data = run(scenario())
    assert data["unread"] == 1
    assert data["new"] == []


def test_a_page_that_comes_back_is_told_only_what_it_missed(ana, told, quick):
    told(ana, "seen")
    tag = summary(ana).tag

    async def scenario():
        page = Listener(ana, tag)
        await in_thread(told, ana, "missed")
        heard = await page.event()
        await page.close()
        return heard

    _name, _tag, data = run(scenario())
    assert data["unread"] == 2
    assert data["new"] == queries.newest_ids(ana)[:1]


@pytest.mark.parametrize("tag", ["", "x", "-", "99-", "é", "1-2-3", "9" * 50])
def test_a_last_event_id_that_is_none_is_taken_for_nothing(ana, told, quick, tag):
    told(ana, "one")

    async def scenario():
        page = Listener(ana, tag)
        heard = await page.event()
        await page.close()
        return heard

    assert run(scenario())[2]["unread"] == 1


def test_a_silent_stream_says_that_it_lives(ana, quick, monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)

    tag = summary(ana).tag

    async def scenario():
        page = Listener(ana, tag)
        first = await page.raw()
        second = await page.raw()
        await page.close()
        return first, second

    first, second = run(scenario())
    assert first.startswith(b"retry: ")
    assert second == b": still here\n\n"


def test_a_page_that_knows_the_state_is_left_alone_while_another_is_told(ana, told, quick):
    told(ana, "one")
    tag = summary(ana).tag

    async def scenario():
        page, other = Listener(ana, tag), Listener(ana)
        await page.raw()
        await other.event()
        await in_thread(told, ana, "two")
        heard = await page.event()
        await page.close()
        await other.close()
        return heard

    assert run(scenario())[2]["unread"] == 2


def test_the_seventh_stream_closes_the_first_and_says_why(ana, quick):
    async def scenario():
        pages = [Listener(ana) for _ in range(stream.MAX_STREAMS_PER_USER + 1)]
        for page in pages:
            await page.raw()
        told = []
        while (heard := await pages[0].event()) is not None:
            told.append(heard[0])
        alive = await pages[1].event()
        for page in pages:
            await page.close()
        return told, alive

    told, alive = run(scenario())
    assert told[-1] == "crowded"
    assert alive[0] == "inbox"


def test_a_stream_ends_by_itself_so_that_rights_are_looked_at_again(ana, quick, monkeypatch):
    monkeypatch.setattr(stream, "LIFETIME_SECONDS", 0.1)

    async def scenario():
        page = Listener(ana)
        while await page.raw() is not None:
            pass

    run(scenario())


def test_a_stream_that_is_closed_leaves_nothing_behind(ana, quick, monkeypatch):
    ended = []
    subscribe = wake._subscribe

    def watched(callback):
        end = subscribe(callback)
        return lambda: (end(), ended.append(1))

    monkeypatch.setattr(wake, "_subscribe", watched)

    async def scenario():
        page = Listener(ana)
        await page.event()
        hub = stream._hub()
        task = hub._task
        await page.close()
        await asyncio.wait_for(task, PATIENCE)
        return hub

    assert not run(scenario()).readers
    assert ended == [1]


def test_where_nothing_wakes_it_the_rows_are_looked_at(ana, told, quick, monkeypatch):
    monkeypatch.setattr(wake, "_subscribe", None)
    monkeypatch.setattr(wake, "_publish", None)
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.05)

    async def scenario():
        page = Listener(ana)
        await page.event()
        await in_thread(told, ana, "news")
        heard = await page.event()
        await page.close()
        return heard

    assert run(scenario())[2]["unread"] == 1


def test_a_database_that_is_away_for_a_moment_costs_nobody_the_stream(ana, told, quick, monkeypatch):

    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    working, broken = reading.summaries, []

    def sometimes(keys):
        if len(broken) < 3:
            broken.append(1)
            raise OperationalError("gone for a moment")
        return working(keys)

    monkeypatch.setattr(reading, "summaries", sometimes)
    told(ana, "one")

    async def scenario():
        page = Listener(ana)
        heard = await page.event()
        await page.close()
        return heard

    assert run(scenario())[2]["unread"] == 1
    assert len(broken) == 3


def test_a_bug_ends_the_streams_so_that_the_pages_open_new_ones(ana, quick, monkeypatch, caplog):
    monkeypatch.setattr(reading, "summaries", lambda keys: 1 / 0)

    async def scenario():
        page = Listener(ana)
        while await page.raw() is not None:
            pass

    run(scenario())
    assert "the inbox stream failed" in caplog.text
