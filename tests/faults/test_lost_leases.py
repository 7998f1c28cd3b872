"""A worker sleeps past its lease in the middle of a send, and wakes up to find that another took over."""

from __future__ import annotations

import signal
import threading

from tests.faults.rig import LEASE, until
from tests.servers.http_sink import Reply
from tests.servers.journal_sink import JournalSink

EVENTS = 20
SHARE = 16
"""Requests that go to one host at once; the other four wait in the hands of the worker."""


def test_what_a_stopped_worker_says_late_changes_nothing(rig) -> None:
    gate = threading.Event()

    def answer(seen) -> Reply:
        return Reply(status=500, gate=gate) if not gate.is_set() and len(sink.arrived()) <= SHARE else Reply()

    with JournalSink(rig.folder / "sink.jsonl", answer) as sink:
        rig.forge.call("person", name="ana", destinations=[
            {"channel": "webhook", "label": "hook", "settings": {"url": f"{sink.url}hook"}},
        ])  # fmt: skip
        rig.forge.call(
            "submit", prefix="k", count=EVENTS, type="rig:signal", to=["user:ana"], channel="webhook"
        )
        sleeper = rig.forge.start("worker")
        until(lambda: sink.count == SHARE, 10, lambda: f"{sink.count} requests")
        sleeper.send(signal.SIGSTOP)
        until(lambda: rig.ledger.one("SELECT count(*) FROM tocsin_delivery WHERE state = 'sending'") == EVENTS,
              1, rig.ledger.summary)  # fmt: skip
        other = rig.forge.start("worker")
        rig.drain(10 * LEASE)
        other.send(signal.SIGTERM)
        before = rig.ledger.rows()
        gate.set()
        sleeper.send(signal.SIGCONT)
        until(lambda: "the lease was lost" in rig.log.read_text(), 10, "nobody tried to say something late")
        sleeper.send(signal.SIGTERM)
        sleeper.wait(15)
        finding = rig.judge(sink.arrived(), {"hook"})
    assert rig.ledger.rows() == before
    assert {row.attempts for row in before} == {(("unknown", "worker_lost"), ("sent", ""))}
    print(f"{rig.vendor}: {finding}")
    assert finding.faults == {}
    assert SHARE <= finding.doubles <= EVENTS
