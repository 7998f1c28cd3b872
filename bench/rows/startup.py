"""Row 9: `tocsin --help`, from nothing to the end. Limit: a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench import servers
from bench.results import Section, Series, alternate

if TYPE_CHECKING:
    from bench.results import Size

RUNS = 20
BIN = Path(sys.executable).parent


def run(size: Size) -> Section:
    limit = Series("limit: python -c pass")
    series = [
        Series("tocsin --help", limit),
        Series("tocsin doctor --help", limit),
        limit,
        Series("peer: django-admin --help"),
        Series("peer: celery --help"),
    ]
    commands = [
        [str(BIN / "tocsin"), "--help"], [str(BIN / "tocsin"), "doctor", "--help"], [sys.executable, "-c", "pass"],
        [str(BIN / "django-admin"), "--help"], [str(BIN / "celery"), "--help"],
    ]  # fmt: skip
    contestants = [(one, partial(_rate, command)) for one, command in zip(series, commands, strict=True)]
    alternate(size.rounds, *contestants)
    notes = [f"{RUNS} processes after one another in a round; the first of each is not counted.",
             f"The median of `tocsin --help` is {1000 / series[0].rate:.0f} ms."]  # fmt: skip
    return Section(
        "startup", "Commands that are started and end, per second.", series, notes, servers.versions()
    )


def _rate(command: list[str]) -> float:
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    began = time.perf_counter()
    for _ in range(RUNS):
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return RUNS / (time.perf_counter() - began)
