"""Somebody holds the SQLite file for a while: submitters wait, or fail clearly once their patience is over."""

from __future__ import annotations

import json
import sqlite3
import time

import pytest

from tests.faults import journal
from tests.faults.processes import Forge
from tests.faults.rig import Rig, until

CLIENTS = 8
LOCKED = "OperationalError: database is locked"


@pytest.mark.parametrize(("patience", "word"), [(20, "acked"), (0.2, "unknown")])
def test_submitters_wait_for_a_held_file_or_say_that_it_is_locked(
    sqlite_url, folder, tmp_path, patience, word
):
    rig = Rig(sqlite_url, folder, tmp_path / "processes.log")
    environment = rig.environment() | {"FAULTS_DATABASE_OPTIONS": json.dumps({"timeout": patience})}
    with Forge(environment, rig.log) as rig.forge:
        rig.forge.call("submit", prefix="warm", count=1, type="rig:signal")
        holder = sqlite3.connect(folder / "faults.sqlite3", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        clients = [
            rig.forge.start("submit", prefix=f"c{number}-", count=1, type="rig:signal", to=["journal:desk"],
                            channel="journal")
            for number in range(CLIENTS)
        ]  # fmt: skip
        until(lambda: len(rig.submissions()) == CLIENTS + 1, 10, "not everybody came")
        if word == "unknown":
            until(lambda: "trying" not in rig.submissions().values(), 10, "they go on waiting")
            assert {line["error"] for line in journal.read(rig.submitted) if "error" in line} == {LOCKED}
        else:
            time.sleep(1)
            assert list(rig.submissions().values()).count("trying") == CLIENTS
        holder.execute("ROLLBACK")
        holder.close()
        for client in clients:
            client.wait(20)
        words = rig.submissions()
        words.pop("warm0")
        rig.forge.start("worker")
        rig.drain()
    assert set(words.values()) == {word}
    assert len(rig.journalled()) == (CLIENTS if word == "acked" else 0)
    assert rig.ledger.one("SELECT count(*) FROM tocsin_event") == (CLIENTS + 1 if word == "acked" else 1)
