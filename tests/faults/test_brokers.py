"""The broker of the engine celery dies, forgets and loses its queues in the middle of a stream: nothing but delay."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.faults.nemesis import Nemesis
from tests.faults.processes import Forge
from tests.faults.rig import Rig, until
from tests.servers.brokers import Broker, missing
from tests.servers.journal_sink import JournalSink

pytestmark = pytest.mark.broker

IS_LONG = "TOCSIN_LONG" in os.environ
EVENTS = 5000 if IS_LONG else 10**6
"""Two deliveries each; the short run ends with the last fault."""
FAULTS = 10**6 if IS_LONG else 3
BACKLOG = 0 if IS_LONG else 200
"""So many deliveries wait while the broker is away; 0 is as many as come."""
SECONDS = 5.0 if IS_LONG else 0.5
"""Between two faults."""


def restart(broker) -> None:
    broker.kill()
    broker.start()


def forget(broker) -> None:
    broker.empty()


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def broker(request, tmp_path_factory):
    if why := missing(request.param):
        pytest.skip(why)
    with Broker.of(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture
def rig(broker, postgresql_url, folder, tmp_path):
    broker.empty()
    found = Rig(postgresql_url, folder, tmp_path / "processes.log")
    environment = found.environment(ENGINE="celery", BROKER_URL=broker.url)
    with Forge(environment, found.log) as found.forge:
        yield found


def test_a_broker_that_dies_and_forgets_loses_nothing(broker, rig) -> None:
    nemesis = Nemesis("brokers")
    with JournalSink(rig.folder / "sink.jsonl") as sink:
        rig.forge.call("person", name="ana", destinations=[
            {"channel": "webhook", "label": "hook", "settings": {"url": f"{sink.url}hook"}},
            {"channel": "journal", "label": "desk", "settings": {"name": "desk"}},
        ])  # fmt: skip
        worker = rig.forge.start("celery_worker")
        stream = {"type": "rig:signal", "to": ["user:ana"]}
        submitter = rig.forge.start("submit", prefix="b", count=EVENTS, backlog=BACKLOG, pause=0.01, **stream)
        hits = []
        for fault in itertools.islice(itertools.cycle([forget, restart]), FAULTS):
            before = sink.count
            until(lambda known=before: sink.count > known or submitter.has_ended(), 60, rig.warnings)
            nemesis.rest(SECONDS / 2, SECONDS)
            if submitter.has_ended():
                break
            fault(broker)
            hits.append(fault.__name__)
        if not IS_LONG:
            rig.enough()
        submitter.wait(300)
        rig.drain(60)
        assert not worker.has_ended()
        finding = rig.judge(sink.arrived() + rig.journalled(), {"hook", "desk"})
    print(f"{len(rig.submissions())} events, {hits}, {finding}")
    assert finding.faults == {}
    assert finding.doubles == 0
    assert not finding.recovered
    assert "Exception in thread" not in rig.log.read_text()


def test_hints_that_come_again_too_soon_too_late_or_for_nothing_change_nothing(broker, rig) -> None:
    worker = rig.forge.start("celery_worker")
    rig.forge.call("tell", channels=["journal", "webhook", "plan", "journal", "other"] * 5)
    rig.forge.call("submit", prefix="h", count=20, type="rig:both", to=["journal:desk"], channel="journal")
    rig.forge.call("tell", channels=["journal", "plan", "other"] * 10)
    rig.drain()
    rig.forge.call("tell", channels=["plan", "journal"] * 10)
    rig.forge.call("submit", prefix="i", count=1, type="rig:both", to=["journal:desk"], channel="journal")
    rig.drain()
    assert not worker.has_ended()
    assert sorted(one.key for one in rig.journalled()) == sorted(rig.submissions())
    assert {row.attempts for row in rig.ledger.rows()} == {(("sent", ""),)}
