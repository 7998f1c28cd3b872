"""Planners die, stop and race: every person is planned once, whatever happens to whoever plans."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.faults.nemesis import Nemesis
from tests.faults.rig import LEASE, until

PEOPLE = 100_000
CHUNK = 2_000
MASS = {"type": "rig:mass", "title": "mass"}


def cursor(rig) -> int:
    """The key behind which planning goes on; 0 before the first chunk and after the last."""
    found = rig.ledger.one("SELECT plan_cursor FROM tocsin_event")
    found = json.loads(found) if isinstance(found, str) else found
    return int(found["after"]) if found else 0


def state(rig) -> str:
    return str(rig.ledger.one("SELECT state FROM tocsin_event"))


def assert_everyone_once(rig, people: int) -> None:
    """One inbox item and one e-mail delivery for each person, and none for anybody else."""
    for table, where in (("tocsin_inboxitem", ""), ("tocsin_delivery", " WHERE channel = 'email'")):
        strangers = f"user_id NOT IN (SELECT id FROM auth_user){' AND' + where[6:] if where else ''}"
        assert rig.ledger.one(f"SELECT count(*) FROM {table}{where}") == people
        assert rig.ledger.one(f"SELECT count(DISTINCT user_id) FROM {table}{where}") == people
        assert rig.ledger.one(f"SELECT count(*) FROM {table} WHERE {strangers}") == 0
    assert rig.ledger.one("SELECT count(*) FROM tocsin_delivery") == people


@pytest.mark.tocsin_settings(PLAN_CHUNK=CHUNK)
def test_planning_a_hundred_thousand_survives_two_kills(rig) -> None:
    nemesis = Nemesis("planning")
    rig.forge.call("crowd", count=PEOPLE)
    rig.forge.call("pause", channel="email")
    rig.forge.call("notify", to=["everyone:members"], **MASS)
    seen = [0]
    for _ in range(2):
        worker = rig.forge.start("worker")
        goal = seen[-1] + nemesis.number(1, 15) * CHUNK
        until(lambda further=goal: cursor(rig) >= further, 30, "planning does not progress", every=0.002)
        worker.kill()
        worker.wait()
        assert state(rig) == "planning"
        seen.append(cursor(rig))
    rig.forge.start("worker")

    def finished() -> bool:
        if state(rig) == "planned":
            return True
        seen.append(cursor(rig) or seen[-1])
        return False

    until(finished, 30, "planning does not end", every=0.005)
    print(f"{rig.vendor}: cursor at {seen[1:3]} when killed, {len(set(seen))} places seen")
    assert seen == sorted(seen), "planning began again"
    assert 0 < seen[1] < seen[2] < PEOPLE
    assert_everyone_once(rig, PEOPLE)


@pytest.mark.tocsin_settings(PLAN_CHUNK=100)
def test_of_planners_that_start_together_one_takes_the_event(rig) -> None:
    rig.forge.call("crowd", count=1000)
    rig.forge.call("notify", to=["everyone:members"], **MASS)
    moment = time.time() + 0.5
    racers = [rig.forge.start("plan", moment=moment, name=f"racer-{number}") for number in range(4)]
    for racer in racers:
        racer.wait(20)
    taken = [int((rig.folder / f"racer-{number}").read_text()) for number in range(4)]
    assert sorted(taken) == [0, 0, 0, 1]
    assert state(rig) == "planned"
    assert_everyone_once(rig, 1000)


@pytest.mark.tocsin_settings(PLAN_CHUNK=100)
def test_a_planner_that_slept_past_its_lease_changes_nothing(rig) -> None:
    rig.forge.call("crowd", count=1000)
    rig.forge.call("notify", to=["gate:after"], **MASS)
    sleeper = rig.forge.start("plan", name="sleeper")
    until((rig.folder / "at-gate").exists, 10, "nobody came to the gate")
    sleeper.send(signal.SIGSTOP)
    rig.open_gate()
    time.sleep(2 * LEASE)
    rig.forge.call("sweep")
    rig.forge.call("plan", name="second")
    assert state(rig) == "planned"
    before = rig.ledger.all("SELECT trace, planned_at, fence FROM tocsin_event")
    sleeper.send(signal.SIGCONT)
    sleeper.wait()
    assert "planning was taken over" in rig.log.read_text()
    assert rig.ledger.all("SELECT trace, planned_at, fence FROM tocsin_event") == before
    assert_everyone_once(rig, 1000)


@pytest.mark.tocsin_settings(PLAN_CHUNK=100)
def test_a_planner_that_stops_within_a_transaction_holds_up_nobody_else(rig) -> None:
    if rig.vendor == "sqlite":
        pytest.skip("SQLite has one writer: who stops in a transaction stops them all until the timeout")
    rig.forge.call("crowd", count=1000)
    rig.forge.call("notify", to=["gate:within"], **MASS)
    sleeper = rig.forge.start("plan", name="sleeper")
    until((rig.folder / "at-gate").exists, 10, "nobody came to the gate")
    sleeper.send(signal.SIGSTOP)
    time.sleep(1.5 * LEASE)
    rig.forge.start("worker")
    rig.forge.call("notify", type="rig:signal", title="another", to=["journal:desk"], channel="journal")
    until(
        lambda: [one.key for one in rig.journalled()] == ["another"],
        10,
        "the other event did not come through",
    )
    rig.open_gate()
    sleeper.send(signal.SIGCONT)
    until(lambda: rig.ledger.events()["mass"][0] == "planned", 10, rig.ledger.summary)
    assert rig.ledger.one("SELECT count(*) FROM tocsin_inboxitem") == 1000
