"""Eight workers and three sweepers at once on PostgreSQL: nothing is claimed twice, made twice or told twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.processes import Forge
from tests.faults.rig import Rig, until

WORKERS, SWEEPERS = 8, 3
PLAIN, SERIES = 1000, 40
PEOPLE, EACH = 8, 40
"""Who were not to be disturbed, and what waits for each of them."""
PUT_OFF = PEOPLE * EACH
DESK = {"type": "rig:both", "to": ["journal:desk"], "channel": "journal"}


@pytest.fixture
def rig(postgresql_url, folder, tmp_path):
    found = Rig(postgresql_url, folder, tmp_path / "processes.log")
    # Long leases: eleven processes may have to wait for their turn, and here nobody is lost.
    environment = found.environment(LEASE_SECONDS=30, RENEW_SECONDS=5)
    with Forge(environment, found.log) as found.forge:
        yield found


def waiting(rig, prefix: str) -> int:
    return rig.ledger.one(
        "SELECT count(*) FROM tocsin_delivery d JOIN tocsin_event e ON e.id = d.event_id "
        f"WHERE e.title LIKE '{prefix}%' AND d.state = 'pending'"
    )


def test_many_do_the_work_of_one(rig) -> None:
    rig.forge.call("pause", channel="journal")
    for number in range(PEOPLE):
        rig.forge.call("submit_many", prefix=f"late{number}-", count=EACH,
                       **DESK | {"to": [f"journal:desk{number}"]})  # fmt: skip
    rig.forge.call("submit_many", prefix="plain", count=PLAIN, **DESK)
    for _ in range(-(-(PUT_OFF + PLAIN) // 200)):
        rig.forge.call("plan", name="planned")
    assert waiting(rig, "late") == PUT_OFF
    rig.forge.call("put_off", prefix="late")
    rig.forge.call("series", count=SERIES, **DESK)
    for _ in range(WORKERS):
        rig.forge.start("worker")
    for _ in range(SWEEPERS):
        rig.forge.start("sweeper")
    rig.forge.call("resume", channel="journal")
    until(lambda: len(rig.journalled()) >= PLAIN + PUT_OFF + SERIES, 60, rig.ledger.summary)
    until(lambda: occurrences(rig) == {2}, 20, rig.ledger.summary)  # the one that was told, and the next
    told = Counter(one.key for one in rig.journalled())
    assert set(told.values()) == {1}
    assert len(told) == PLAIN + PUT_OFF + SERIES
    assert occurrences(rig) == {2}
    joined = Counter(one.id for one in rig.journalled() if one.key.startswith("late"))
    assert len(joined) < PUT_OFF, "nothing was joined: the rig proves nothing"
    rows = rig.ledger.rows()
    assert {row.lost_workers for row in rows} == {0}
    assert {row.attempts for row in rows if not row.key.startswith("late")} == {(("sent", ""),)}
    assert rig.ledger.all("SELECT DISTINCT fence FROM tocsin_delivery WHERE identity = 'desk'") == [(1,)]
    print(f"{len(joined)} messages of {PUT_OFF} that were put off")


def occurrences(rig) -> set[int]:
    found = rig.ledger.all("SELECT count(*) FROM tocsin_event WHERE series_id IS NOT NULL GROUP BY series_id")
    return {count for (count,) in found}
