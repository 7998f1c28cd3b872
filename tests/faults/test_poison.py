"""Events and deliveries that take their process down each time: put away after three, and the rest flows."""

from __future__ import annotations

import pytest

from tests.faults.rig import Crew, until

DESK = {"type": "rig:signal", "to": ["journal:desk"], "channel": "journal"}


def bystanders(rig, prefix: str, count: int = 15) -> None:
    """Events that have nothing wrong with them."""
    rig.forge.call("submit", prefix=prefix, count=count, **DESK)


@pytest.mark.parametrize("trap", [{"to": ["trap:door"]}, {"to": ["journal:desk"], "still_valid": "trap"}],
                         ids=["audience", "check"])  # fmt: skip
def test_an_event_that_kills_its_planner_is_put_away(rig, trap) -> None:
    bystanders(rig, "before")
    rig.forge.call("notify", title="trap", **{**DESK, **trap})
    bystanders(rig, "after")
    crew = Crew(rig.forge)
    rig.drain(25, crew.keep)
    events = rig.ledger.events()
    assert events.pop("trap")[:2] == ("dead", "poison")
    assert {state for state, _, _ in events.values()} == {"planned"}
    assert {one.key for one in rig.journalled()} == set(rig.submissions())
    assert crew.deaths == 3


def test_a_delivery_that_kills_its_worker_is_put_away(rig) -> None:
    rig.forge.call("person", name="eve", destinations=[
        {"channel": "journal", "label": "trap", "settings": {"name": "trap", "fault": "exit"}},
    ])  # fmt: skip
    bystanders(rig, "before")
    rig.forge.call("notify", title="trap", **{**DESK, "to": ["user:eve"]})
    bystanders(rig, "after")
    crew = Crew(rig.forge)
    rig.drain(25, crew.keep)
    rows = {row.key: row for row in rig.ledger.rows()}
    trap = rows.pop("trap")
    assert (trap.state, trap.reason, trap.attempts) == ("dead", "poison", (("unknown", "worker_lost"),) * 3)
    assert {row.state for row in rows.values()} == {"sent"}
    assert {one.key for one in rig.journalled()} == set(rig.submissions())
    assert crew.deaths == 3


def test_the_third_death_takes_no_other_channel_with_it(rig) -> None:
    """A worker that dies has deliveries of every channel in its hands."""
    rig.forge.call("person", name="eve", destinations=[
        {"channel": "journal", "label": "trap", "settings": {"name": "trap", "fault": "exit"}},
    ])  # fmt: skip
    rig.forge.call("person", name="ana", destinations=[
        {"channel": "other", "label": "slow", "settings": {"name": "slow", "seconds": 0.2}},
    ])  # fmt: skip
    rig.forge.call("submit", prefix="slow", count=5, type="rig:signal", to=["user:ana"], channel="other")
    rig.forge.call("notify", title="trap", **{**DESK, "to": ["user:eve"]})
    crew = Crew(rig.forge)
    rig.drain(25, crew.keep)
    states = {row.key: (row.state, row.reason) for row in rig.ledger.rows()}
    assert states.pop("trap") == ("dead", "poison")
    assert set(states.values()) == {("sent", "")}


def test_an_event_that_cannot_be_planned_says_why(rig) -> None:
    rig.forge.call("notify", title="broken", **{**DESK, "to": ["broken:sales"]})
    bystanders(rig, "after")
    rig.forge.start("worker")
    until(lambda: rig.ledger.events()["broken"][0] == "dead", 15, rig.ledger.summary)
    assert rig.ledger.events()["broken"][1:] == ("plan_failed", "LookupError: the directory has no sales")
    rig.drain()
    assert {one.key for one in rig.journalled()} == set(rig.submissions())
