"""A worker is told to end with slow deliveries in hand: it gives back what it has not sent, and doubles nothing."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.faults.processes import Forge
from tests.faults.rig import Rig, until
from tests.servers.brokers import Broker, missing
from tests.servers.http_sink import Reply
from tests.servers.journal_sink import JournalSink

EVENTS = 60
PERSON = {"type": "rig:signal", "to": ["user:ana"]}


@pytest.fixture(params=["worker", pytest.param("celery", marks=pytest.mark.broker)])
def rig(request, postgresql_url, folder, tmp_path):
    """Whose engine is `worker`, or `celery` on Redis; `rig.role` is what its workers play."""
    found = Rig(postgresql_url, folder, tmp_path / "processes.log")
    if request.param == "worker":
        found.role = "worker"
        with Forge(found.environment(), found.log) as found.forge:
            yield found
        return
    if why := missing("redis"):
        pytest.skip(why)
    found.role = "celery_worker"
    with Broker.of("redis", folder) as broker:
        environment = found.environment(ENGINE="celery", BROKER_URL=broker.url)
        with Forge(environment, found.log) as found.forge:
            yield found


def twice(worker) -> None:
    worker.send(signal.SIGTERM)
    time.sleep(0.2)
    worker.send(signal.SIGTERM)


def with_its_group(worker) -> None:
    os.killpg(worker.pid, signal.SIGTERM)


@pytest.mark.parametrize("tell", [twice, with_its_group])
def test_a_worker_that_is_told_to_end_gives_back_what_it_has_not_sent(rig, tell) -> None:
    with JournalSink(rig.folder / "sink.jsonl", Reply(delay=0.5)) as sink:
        rig.forge.call("person", name="ana", destinations=[
            {"channel": "webhook", "label": "hook", "settings": {"url": f"{sink.url}hook"}},
            {"channel": "journal", "label": "desk", "settings": {"name": "desk", "seconds": 0.1}},
        ])  # fmt: skip
        rig.forge.call("submit", prefix="k", count=EVENTS, **PERSON)
        worker = rig.forge.start(rig.role)
        until(lambda: sink.count and rig.journalled(), 20, rig.warnings)
        tell(worker)
        worker.wait(30)
        left = [row for row in rig.ledger.rows() if row.state != "sent"]
        assert {(row.state, row.claims, row.attempts) for row in left} == {("pending", 0, ())}
        assert rig.ledger.one("SELECT count(*) FROM tocsin_event WHERE state <> 'planned'") == 0
        rig.forge.start(rig.role)
        rig.drain(60)
        finding = rig.judge(sink.arrived() + rig.journalled(), {"hook", "desk"})
    print(f"{len(left)} left, {finding}")
    assert finding.faults == {}
    assert finding.doubles == 0


def test_a_far_side_that_never_answers_does_not_hold_up_the_end(rig) -> None:
    with JournalSink(rig.folder / "sink.jsonl", Reply(fault="tarpit")) as sink:
        rig.forge.call("person", name="ana", destinations=[
            {"channel": "webhook", "label": "hook", "settings": {"url": f"{sink.url}hook"}},
        ])  # fmt: skip
        rig.forge.call("submit", prefix="k", count=EVENTS, channel="webhook", **PERSON)
        worker = rig.forge.start(rig.role, drain=1.0)
        until(lambda: sink.count, 20, rig.warnings)
        worker.send(signal.SIGTERM)
        worker.wait(20)  # and not the 30 s after which the seam itself would give up
    rows = rig.ledger.rows()
    assert {(row.state, row.claims) for row in rows} <= {("pending", 0), ("retrying", 0)}
    assert {row.attempts for row in rows} <= {(), (("retry", "unfinished"),)}
