"""Whoever calls `notify` dies in the call: the event is fully in or absent, and asking again gives one event."""

from __future__ import annotations

from tests.faults.nemesis import Nemesis
from tests.faults.rig import until

KILLS = 20


def test_a_killed_submitter_leaves_whole_events_or_none(rig) -> None:
    nemesis = Nemesis("submitters")
    rig.forge.call("person", name="ana", destinations=[
        {"channel": "journal", "label": "desk", "settings": {"name": "desk"}},
        {"channel": "other", "label": "shelf", "settings": {"name": "shelf"}},
    ])  # fmt: skip
    fields = {"type": "rig:both", "to": ["user:ana"]}
    for number in range(KILLS):
        wanted = len(rig.submissions()) + 1 + nemesis.choose(6)
        submitter = rig.forge.start("submit", prefix=f"s{number}-", **fields)
        until(lambda least=wanted: len(rig.submissions()) >= least, 10, "nothing is submitted", every=0.001)
        nemesis.rest(0.0, 0.008)
        submitter.kill()
        submitter.wait()
    words = rig.submissions()
    torn = [key for key, word in words.items() if word == "trying"]
    stored = set(rig.ledger.events())
    assert {key for key, word in words.items() if word == "acked"} <= stored <= set(words)
    print(f"{rig.vendor}: {len(words)} submitted, {len(torn)} torn, {len(stored & set(torn))} of them stored")
    for key in torn:
        rig.forge.call("notify", title=key, dedupe_key=key, **fields)
    rig.forge.start("worker")
    rig.drain()
    titles = [row[0] for row in rig.ledger.all("SELECT title FROM tocsin_event")]
    assert sorted(titles) == sorted(words)
    finding = rig.judge(rig.journalled(), {"desk", "shelf"})
    assert finding.faults == {}
    assert finding.doubles == 0
    assert sorted(finding.recovered) == sorted(torn)
