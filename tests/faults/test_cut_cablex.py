"""A worker on another machine loses the database without a word, in the middle of a send or of a transaction."""

from __future__ import annotations

import signal

import pytest

from tests.faults.far_away import FarAway, why_not
from tests.faults.processes import Forge
from tests.faults.rig import LEASE, Rig, until

EVENTS = 60
PEOPLE = 1000
CLIENT = "tcp_user_timeout=1000&connect_timeout=2&keepalives_idle=1&keepalives_interval=1"
"""As in `server/database_url.py`, but sooner."""
SERVER = {}
"""As docs/how-to/operate.md has it, but sooner."""


@pytest.fixture
def machine():
    if why := why_not():
        pytest.skip(why)
    with FarAway() as made:
        yield made


@pytest.fixture
def rig(machine, postgres, postgresql_url, folder, tmp_path):
    name = postgresql_url.rpartition("/")[2]
    for option, value in SERVER.items():
        postgres.execute(f"ALTER DATABASE {name} SET {option} = {value}")
    url = f"postgresql://{postgres.user}@{machine.near}:{postgres.port}/{name}"
    found = Rig(url, folder, tmp_path / "processes.log")
    environment = found.environment(PLAN_CHUNK=100) | {"FAULTS_DATABASE_URL": f"{url}?{CLIENT}"}
    with postgres.also_at(machine.near, machine.network), Forge(environment, found.log) as found.forge:
        yield found


def submit(rig, prefix: str) -> None:
    rig.forge.call(
        "submit", prefix=prefix, count=EVENTS, type="rig:signal", to=["user:ana"], channel="journal"
    )


def rows(rig, prefix: str):
    return sorted((row for row in rig.ledger.rows() if row.key.startswith(prefix)), key=lambda row: row.id)


def test_a_worker_that_was_cut_off_changes_nothing_late_and_works_on(rig, machine) -> None:
    rig.forge.call("person", name="ana", destinations=[
        {"channel": "journal", "label": "desk", "settings": {"name": "desk", "seconds": 0.03}},
    ])  # fmt: skip
    submit(rig, "before")
    away = rig.forge.start("worker", machine=machine.name)
    until(lambda: len(rig.journalled()) > 3, 10, "nothing is sent from afar")
    machine.cut()
    near = rig.forge.start("worker")
    rig.drain(20 * LEASE)
    before = rows(rig, "before")
    until(lambda: "the database is away" in rig.log.read_text(), 20, "nobody notices the silence")
    near.send(signal.SIGTERM)
    near.wait(15)
    machine.heal(); import time; T=time.monotonic()
    submit(rig, "after")
    rig.drain(20 * LEASE)
    assert not away.has_ended()
    finding = rig.judge(rig.journalled(), {"desk"})
    print(finding)
    assert finding.faults == {}
    assert finding.doubles > 0, "the cut hit nothing in hand: the rig proves nothing"
    assert rows(rig, "before") == before


def test_what_a_machine_locked_that_is_gone_is_taken_over(rig, machine) -> None:
    rig.forge.call("crowd", count=PEOPLE)
    rig.forge.call("notify", to=["gate:within"], type="rig:mass", title="mass")
    rig.forge.call("pause", channel="email")
    rig.forge.start("worker", machine=machine.name)
    until((rig.folder / "at-gate").exists, 10, "nobody came to the gate")
    machine.cut()
    rig.forge.start("worker")
    until(lambda: rig.ledger.events()["mass"][0] == "planned", 20 * LEASE, rig.ledger.summary)
    assert rig.ledger.one("SELECT count(*) FROM tocsin_inboxitem") == PEOPLE
    assert rig.ledger.one("SELECT count(*) FROM tocsin_delivery") == PEOPLE
