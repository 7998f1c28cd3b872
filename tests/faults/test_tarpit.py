"""One endpoint never answers while a thousand deliveries wait for it: everybody else is served."""

from __future__ import annotations

import statistics

from tests.faults import journal
from tests.faults.rig import until
from tests.servers.http_sink import HttpSink, Reply
from tests.servers.journal_sink import JournalSink

STUCK = 1000
OTHERS = 100
SHARE = 16
FLOOD, TENANTS, EACH = 10_000, 20, 20


def test_a_tarpit_delays_nobody_else(rig) -> None:
    with (
        HttpSink([Reply(fault="tarpit")]) as tarpit,
        JournalSink(rig.folder / "sink.jsonl") as sink,
    ):
        rig.forge.call("person", name="pit", destinations=[
            {"channel": "webhook", "label": "pit", "settings": {"url": f"{tarpit.url}pit"}},
        ])  # fmt: skip
        rig.forge.call("person", name="ana", destinations=[
            {"channel": "webhook", "label": "hook", "settings": {"url": f"{sink.url}hook"}},
            {"channel": "journal", "label": "desk", "settings": {"name": "desk"}},
        ])  # fmt: skip
        rig.forge.start("worker")
        calm = _submit_others(rig, sink, "calm")
        rig.forge.call(
            "submit_many", prefix="stuck", count=STUCK, type="rig:signal", to=["user:pit"], channel="webhook"
        )
        tarpit.wait_for(SHARE)
        sending = "SELECT count(*) FROM tocsin_delivery WHERE state = 'sending'"
        until(lambda: rig.ledger.one(sending) >= SHARE, 10, rig.ledger.summary)
        rough = _submit_others(rig, sink, "rough")
        assert len(tarpit.requests) < STUCK // 2
    print(f"{rig.vendor}: p95 with a tarpit / without: " + ", ".join(
        f"{name} {rough[name] / calm[name]:.1f} ({rough[name] * 1000:.0f} ms / {calm[name] * 1000:.0f} ms)"
        for name in sorted(calm)))  # fmt: skip


def test_a_tenants_flood_to_a_tarpit_holds_up_no_other_tenant(rig) -> None:
    """The bench says by how much: row `shares`."""
    with (
        HttpSink([Reply(fault="tarpit")]) as tarpit,
        JournalSink(rig.folder / "sink.jsonl") as sink,
    ):
        _submit(rig, "flood", f"{tarpit.url}pit", FLOOD)
        for number in range(TENANTS):
            _submit(rig, f"t{number}", f"{sink.url}t{number}", EACH)
        rig.forge.start("worker")
        until(lambda: sink.count >= TENANTS * EACH, 60, lambda: f"{sink.count} arrived")
        waiting = rig.ledger.one("SELECT count(*) FROM tocsin_event WHERE state = 'waiting'")
    print(f"{rig.vendor}: {waiting} of {FLOOD} of the flood were not planned when all others had been sent")
    assert waiting > 0


def _submit(rig, tenant: str, url: str, count: int) -> None:
    number = rig.forge.call("tenant", slug=tenant, url=url)
    rig.forge.call("submit_many", prefix=tenant, count=count, type="rig:signal", organization=tenant,
                   to=[f"destination:{number}"], channel="webhook")  # fmt: skip


def _submit_others(rig, sink, prefix: str) -> dict[str, float]:
    """Send to those who answer, one by one, and wait until all has arrived; the p95 of each destination."""
    rig.forge.call("submit", prefix=prefix, count=OTHERS, pause=0.01, type="rig:signal", to=["user:ana"])
    arrived = lambda: [one for one in sink.arrived() + rig.journalled() if one.key.startswith(prefix)]  # noqa: E731
    until(lambda: len(arrived()) == 2 * OTHERS, 20, lambda: f"{len(arrived())} of {2 * OTHERS} arrived")
    asked = {line["key"]: line["at"] for line in journal.read(rig.submitted) if line["said"] == "acked"}
    waits: dict[str, list[float]] = {}
    for one in arrived():
        waits.setdefault(one.name, []).append(one.at - asked[one.key])
    return {name: statistics.quantiles(found, n=20)[-1] for name, found in waits.items()}
