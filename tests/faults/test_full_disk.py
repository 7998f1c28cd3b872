"""The disk is full: what cannot be stored is refused, and the work goes on when there is room again."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.faults import journal
from tests.faults.processes import Forge
from tests.faults.rig import Rig, until


@pytest.fixture
def small_disk(tmp_path):
    """A file system of three megabytes."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", mount], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small file system here: {done.stderr.decode().strip()}")
    yield mount
    subprocess.run(["umount", mount], check=True)


def test_a_full_disk_refuses_and_recovers(sqlite_template, small_disk, folder, tmp_path) -> None:
    shutil.copy(sqlite_template, small_disk / "faults.sqlite3")
    rig = Rig(f"sqlite:///{small_disk / 'faults.sqlite3'}", folder, tmp_path / "processes.log")
    with Forge(rig.environment(), rig.log) as rig.forge:
        worker = rig.forge.start("worker")
        desk = {"type": "rig:signal", "to": ["journal:desk"], "channel": "journal"}
        rig.forge.call("submit", prefix="before", count=5, **desk)
        rig.drain()
        _fill(small_disk)
        rig.forge.call("submit", prefix="full", count=20, body="x" * 20_000, **desk)
        words = rig.submissions()
        refused = {key for key, word in words.items() if word == "unknown"}
        assert refused, "there was room for all"
        assert refused.isdisjoint(rig.ledger.events()), "refused, and stored"
        (small_disk / "filler").unlink()
        rig.forge.call("submit", prefix="after", count=5, **desk)
        until(lambda: "after4" in {one.key for one in rig.journalled()}, 20, rig.ledger.summary)
        rig.drain()
        assert not worker.has_ended()
        finding = rig.judge(rig.journalled(), {"desk"})
    errors = set(_errors(rig))
    print(f"{len(refused)} refused with {errors}, {finding}")
    assert errors == {"OperationalError: database or disk is full"}
    assert finding.faults == {}
    assert not finding.recovered


def _fill(disk) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"\0" * 4096)
        except OSError:
            return


def _errors(rig) -> list[str]:
    return [line["error"] for line in journal.read(rig.submitted) if "error" in line]
