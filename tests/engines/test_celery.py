"""The engine celery, on real brokers: hints go out, workers follow them, and rows stay the truth."""

from __future__ import annotations

import json
import os
import shutil
import signal
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.engines.test_processes import NOTIFY, PEOPLE, START, Host, states, wait_until
from tests.servers.brokers import Broker, missing
from tests.warm import Warm

if TYPE_CHECKING:
    from tests.warm import Process

pytestmark = pytest.mark.broker

SEND = START + NOTIFY + "import time; time.sleep(60)\n"
"""A process that lives while its hints go out, as a web server does."""
OWN = (
    "import runpy, sys; sys.argv[1:] = '-A tests.engines.celery_host worker -c 1'.split()\n"
    "runpy.run_module('celery', run_name='__main__', alter_sys=True)\n"
)
"""What `python -m celery -A … worker` does."""
WORKER = START + "import sys; from tocsin.engines.celery_worker import run\nsys.exit(run({channels!r}, 2))\n"

PREPARE = (
    "import amqp, redis, celery.apps.worker, celery.bin.celery, celery.bin.worker, celery.concurrency.prefork\n"
    "import celery.fixups.django, kombu.transport.pyamqp, kombu.transport.redis\n"
)


@cache
def with_celery() -> Warm:
    """A warm Python that has imported what makes Celery's workers slow to start."""
    return Warm(os.environ, PREPARE)


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def broker(request, tmp_path_factory):
    if why := missing(request.param):
        pytest.skip(why)
    with Broker.of(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture(scope="module")
def with_people(tmp_path_factory):
    made = Host(tmp_path_factory.mktemp("celery") / "host.sqlite3", with_celery())
    made.run(PEOPLE)
    return made.database


@pytest.fixture
def host(with_people, tmp_path, broker):
    """Whose sweep looks once, at the start: all that is done later is done by a hint."""
    made = Host(shutil.copy(with_people, tmp_path / "host.sqlite3"), with_celery())
    made.environment |= {"TEST_ENGINE": "celery", "TEST_BROKER_URL": broker.url, "TEST_SWEEP": "600"}
    broker.empty()
    yield made
    made.stop()


def lives(host) -> bool:
    """Whether a worker has written its row."""
    rows = host.rows("SELECT engine FROM tocsin_worker")
    return rows == [("celery",)]


def started(host, channels=(), **extra) -> Process:
    worker = host.start(WORKER.format(channels=tuple(channels)), **extra)
    wait_until(lambda: lives(host))
    return worker


def waiting(broker, channel) -> int:
    """How many hints are in a channel's queue."""
    from kombu import Connection

    from tocsin.engines.broker import queue

    with Connection(broker.url) as connection:
        return queue(channel)(connection.channel()).queue_declare().message_count


def test_a_hint_is_followed_and_a_worker_ends_when_it_is_told(host) -> None:
    worker = started(host)
    host.start(SEND)
    wait_until(lambda: states(host) == ["item", "sent"])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert host.rows("SELECT count(*) FROM tocsin_worker") == [(0,)]


def test_each_channel_has_a_queue_of_its_own(host) -> None:
    started(host, ["plan", "message"])
    host.start(SEND)
    wait_until(lambda: states(host) == ["item", "pending"])
    host.start(WORKER.format(channels=("memory",)))
    wait_until(lambda: states(host) == ["item", "sent"])


def test_what_was_in_the_broker_may_be_lost(host, broker) -> None:
    host.start(SEND)
    wait_until(lambda: waiting(broker, "plan"))
    broker.empty()
    assert states(host) == []
    started(host, TEST_SWEEP="0.2")
    wait_until(lambda: states(host) == ["item", "sent"])


def test_nobody_waits_for_a_broker_that_is_away(host) -> None:
    """The commit stands, and the caller goes on: what it did is done by whoever sweeps."""
    host.environment["TEST_BROKER_URL"] = "redis://127.0.0.1:1/0"
    host.run(START + NOTIFY)
    assert host.rows("SELECT state FROM tocsin_event") == [("waiting",)]


def test_a_queue_holds_no_more_hints_than_are_of_use(host, broker) -> None:
    from tocsin.engines.broker import MOST_WAITING

    host.run(
        START + "import time; from tocsin.engines import broker\n"
        "line = broker.Line()\n"
        f"assert all(line.tell('memory') for _ in range({4 * MOST_WAITING}))\n"
    )
    assert (
        MOST_WAITING <= waiting(broker, "memory") < 2 * MOST_WAITING
    )  # a replicated queue counts a little late


def test_hints_are_json_without_results_and_times(host, broker) -> None:
    from kombu import Connection

    host.run(START + "from tocsin.engines import broker; assert broker.Line().tell('memory')\n")
    with Connection(broker.url) as connection:
        found = connection.SimpleQueue("tocsin.memory", queue_opts={"no_declare": True}).get(timeout=10)
    args, kwargs, _ = json.loads(found.body)
    assert (args, kwargs) == (["memory"], {})
    assert found.content_type == "application/json"
    assert (found.headers["eta"], found.headers["expires"], found.headers["ignore_result"]) == (
        None,
        None,
        True,
    )


def test_a_hosts_own_app_is_used_as_it_is(host) -> None:
    """One line names it; its worker serves tocsin's queues beside its own, and its tasks stay what they are."""
    host.environment["TEST_CELERY_APP"] = "tests.engines.celery_host.app"
    worker = host.start(OWN)
    wait_until(lambda: lives(host))
    host.start(SEND)
    wait_until(lambda: states(host) == ["item", "sent"])
    host.run(START + "from tests.engines.celery_host import own; own.delay(2.0)\n")
    wait_until(lambda: host.rows("SELECT name FROM auth_group") == [("begun",)])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert host.rows("SELECT name FROM auth_group ORDER BY id") == [("begun",), ("ended",)]
