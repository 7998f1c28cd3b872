"""A wrapped command that writes 10 GB costs `tocsin run` little memory: for `make faults`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif("TOCSIN_LONG" not in os.environ, reason="takes minutes: make faults runs it"),
]

GIGABYTES = 10


def test_ten_gigabytes_cost_little_memory(tmp_path) -> None:
    script = f"head -c {GIGABYTES // 2}G /dev/zero; yes 'no news' | head -c {GIGABYTES // 2}G; echo ERROR"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "DJANGO_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin.cli", "run", "--name", "flood", "--", "sh", "-c", script],
        env=kept | {"TOCSIN_HOME": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
    )  # fmt: skip
    total = most = 0
    while chunk := process.stdout.read(1 << 22):
        total += len(chunk)
        said = Path(f"/proc/{process.pid}/status").read_text().partition("VmHWM:")[2].split()
        most = max(most, int(said[0]) if said else 0)  # one that has ended has none
    assert process.wait(60) == 0
    assert total == GIGABYTES * 2**30 + len("ERROR\n")
    assert most < 200_000  # kB
    assert [path.suffix for path in (tmp_path / "spool").iterdir()] == [".report"]  # there are no tables
