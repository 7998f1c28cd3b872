"""Workers die without a word, fifty times, in the middle of a stream."""

from __future__ import annotations

from tests.faults.nemesis import Nemesis
from tests.faults.rig import Crew, until
from tests.servers.http_sink import Reply
from tests.servers.journal_sink import JournalSink

KILLS = 50


def test_fifty_kills_lose_nothing(rig) -> None:
    nemesis = Nemesis("kills")
    with JournalSink(rig.folder / "sink.jsonl", Reply(delay=0.03)) as sink:
        rig.forge.call("person", name="ana", destinations=[
            {"channel": "webhook", "label": "hook", "settings": {"url": f"{sink.url}hook"}},
            {"channel": "journal", "label": "desk", "settings": {"name": "desk", "seconds": 0.005}},
        ])  # fmt: skip
        crew = Crew(rig.forge, 3)
        submitter = rig.forge.start(
            "submit", prefix="k", backlog=120, pause=0.02, type="rig:signal", to=["user:ana"]
        )
        for _ in range(KILLS):
            before = sink.count
            until(lambda known=before: sink.count > known, 20, "no request came", crew.keep, every=0.002)
            nemesis.rest(0.0, 0.03)
            crew.kill(nemesis.choose(3))
        rig.enough()
        submitter.wait(20)
        rig.drain(30, crew.keep)
        quarantined = _replay_quarantined(rig, crew)
        finding = rig.judge(sink.arrived() + rig.journalled(), {"hook", "desk"})
    print(f"{rig.vendor}: {len(rig.submissions())} events, {quarantined} quarantined, {finding}")
    assert finding.faults == {}
    assert finding.doubles > 0, "no kill hit a delivery in hand: the rig proves nothing"


def _replay_quarantined(rig, crew) -> str:
    """What was in the hands of three workers when they died looks as if it had killed them.

    It is dead, for an operator to see and to send on its way again: that is not lost.
    """
    reasons = {reason for state, reason, _ in rig.ledger.events().values() if state == "dead"}
    assert reasons <= {"poison"}
    events = rig.forge.call("replan")
    rig.drain(20, crew.keep)
    dead = [row for row in rig.ledger.rows() if row.state == "dead"]
    assert {(row.reason, row.lost_workers) for row in dead} <= {("poison", 3)}
    if dead:
        rig.forge.call("replay", public_ids=[f"d{row.id}" for row in dead])
        rig.drain(20, crew.keep)
    return f"{events} events and {len(dead)} deliveries"
