"""Wake-ups: what one process writes another hears of, without being asked."""

from __future__ import annotations

import queue

import pytest
from django.db import connection

from tocsin.engines import wake
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
