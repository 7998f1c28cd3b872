"""Wake-ups: what one process writes another hears of, without being asked."""

from __future__ import annotations

import queue
import threading

import pytest
from django.db import connection

from tocsin.engines import wake
from tocsin.engines.owed import Owed
from tocsin.tenants.models import Organization

LONG = 15.0


@pytest.fixture
def heard():
    """Topics as this process's listener hears them."""
    topics: queue.SimpleQueue[str] = queue.SimpleQueue()
    unsubscribe = wake.listener.subscribe(topics.put)
    yield topics
    unsubscribe()


def test_subscribers_of_the_same_process_are_called_at_once(heard) -> None:
    wake.listener.notify("a topic of this test")
    while heard.get(timeout=LONG) != "a topic of this test":
        pass


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_postgresql_tells_who_listens(heard) -> None:
    heard.get(timeout=LONG)  # the first poll: from now on it listens
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [wake.NAME, "a topic of this test"])
    while heard.get(timeout=LONG) != "a topic of this test":
        pass


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db(transaction=True)
def test_a_write_to_the_sqlite_file_is_noticed(heard) -> None:
    for number in range(200):
        Organization.objects.create(slug=f"o{number}", name="x")
        try:
            assert heard.get(timeout=0.2) == wake.ANYTHING
            return
        except queue.Empty:
            continue
    pytest.fail("no write was noticed")


def test_who_has_gone_is_not_called_any_more() -> None:
    topics: list[str] = []
    wake.listener.subscribe(topics.append)()  # the listener's own poll may have called it in between
    wake.listener.notify("a topic of this test")
    assert "a topic of this test" not in topics


def test_many_wake_ups_of_one_topic_are_few(monkeypatch) -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(wake, "_tell", lambda connection, topic: told.put(topic))
    waker = Owed("tocsin-waker", wake.Again, quiet=1.0)  # for a hundred calls, also on a busy machine
    free = [waker.is_free("plan") for _ in range(100)]
    assert free == [True] + [False] * 99
    assert waker.is_free("email") is True
    assert told.get(timeout=LONG) == "plan"


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_the_last_wake_up_arrives_although_it_came_too_soon(heard, monkeypatch) -> None:
    heard.get(timeout=LONG)  # the first poll: from now on it listens
    monkeypatch.setattr(wake, "waker", Owed("tocsin-waker", wake.Again, quiet=wake.QUIET_SECONDS, idle=0.1))
    assert wake.waker.is_free("a topic of this test")
    wake.publish("a topic of this test")  # too soon
    topics = [heard.get(timeout=LONG)]
    while topics.count("a topic of this test") < 2:  # in this process at once, and over the wire
        topics.append(heard.get(timeout=LONG))
    for thread in threading.enumerate():  # its connection must be gone before the database goes
        if thread.name == "tocsin-waker":
            thread.join(LONG)


@pytest.mark.only_on("postgresql")
def test_a_wake_up_that_cannot_be_sent_ends_neither_the_caller_nor_the_waker(monkeypatch, caplog) -> None:
    caplog.set_level("INFO", "tocsin.engines")
    waker = Owed("tocsin-waker", wake.Again, quiet=wake.QUIET_SECONDS, idle=0.1)
    monkeypatch.setattr(wake, "waker", waker)
    for topic in ("one", "one", "two", "two"):  # the database is out of reach: this test asks for none
        wake.publish(topic)
    for thread in threading.enumerate():
        if thread.name == "tocsin-waker":
            thread.join(LONG)
    told = [record.getMessage() for record in caplog.records]
    assert len([text for text in told if "wake-up 'one' not sent" in text]) == 2
    assert waker.is_free("three")


def test_a_teller_that_fails_is_replaced_by_the_next() -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()

    class Teller:
        def tell(self, topic: str) -> bool:
            told.put(topic)
            if topic == "trap":
                raise LookupError(topic)
            return True

        def close(self) -> None:
            told.put("closed")

    owed = Owed("tocsin-test", Teller, quiet=0.0, idle=0.1)
    owed.add("trap")
    assert [told.get(timeout=LONG) for _ in range(2)] == ["trap", "closed"]
    owed.add("after")
    assert [told.get(timeout=LONG) for _ in range(2)] == ["after", "closed"]
