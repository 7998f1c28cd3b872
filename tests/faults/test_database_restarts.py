"""PostgreSQL crashes under load, again and again: workers come back by themselves, and nothing is lost."""

from __future__ import annotations

from tests.faults.nemesis import Nemesis
from tests.faults.processes import Forge
from tests.faults.rig import Rig, until
from tests.servers.http_sink import Reply
from tests.servers.journal_sink import JournalSink

RESTARTS = 5


def test_immediate_restarts_lose_nothing(postgres, postgresql_url, folder, tmp_path) -> None:
    nemesis = Nemesis("restarts")
    rig = Rig(postgresql_url, folder, tmp_path / "processes.log")
    with (
        Forge(rig.environment(), rig.log) as rig.forge,
        JournalSink(folder / "sink.jsonl", Reply(delay=0.02)) as sink,
    ):
        rig.forge.call("person", name="ana", destinations=[
            {"channel": "webhook", "label": "hook", "settings": {"url": f"{sink.url}hook"}},
            {"channel": "journal", "label": "desk", "settings": {"name": "desk"}},
        ])  # fmt: skip
        workers = [rig.forge.start("worker") for _ in range(2)]
        submitter = rig.forge.start(
            "submit", prefix="r", backlog=60, pause=0.005, type="rig:signal", to=["user:ana"]
        )
        for _ in range(RESTARTS):
            before = sink.count
            until(
                lambda known=before: sink.count > known, 30, "nothing is sent after the restart", every=0.005
            )
            nemesis.rest(0.0, 0.3)
            postgres.restart("immediate")
        rig.enough()
        submitter.wait(20)
        rig.drain(30)
        assert not any(worker.has_ended() for worker in workers)
        finding = rig.judge(sink.arrived() + rig.journalled(), {"hook", "desk"})
    words = list(rig.submissions().values())
    print(f"{len(words)} submitted, {words.count('unknown')} unknown, {finding}")
    assert {row.reason for row in rig.ledger.rows()} == {""}
    assert {state for state, _, _ in rig.ledger.events().values()} == {"planned"}
    assert finding.faults == {}
