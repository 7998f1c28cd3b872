"""What was measured, as a table with ratios, and the file it is kept in."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path(__file__).with_name("RESULTS.md")
ROWS = (
    "fanout", "email", "webhook", "slack", "ledger", "routing", "waiting", "ingest", "screen", "inbox", "startup",
    "workers", "shares", "cost",
)  # fmt: skip
HEAD = """# Results

Written by `make bench`; each section says when and on what. What is measured, and how, is in README.md.
Quote ratios, not rates: a rate is this machine's, a ratio compares two runs that took turns on it.
"""


class Missing(Exception):
    """A program that a row needs is not installed. The text says which, and how to install it."""


@dataclass(frozen=True)
class Size:
    """How much is measured: people or messages, how many of them for a (slower) peer, and rounds."""

    fanout: int
    messages: int
    peer: int
    rounds: int


FULL = Size(fanout=100_000, messages=20_000, peer=5_000, rounds=5)
QUICK = Size(fanout=10_000, messages=2_000, peer=300, rounds=2)


@dataclass
class Series:
    """One contestant: its rates per second, one for each round, and the series it is compared with."""

    what: str
    limit: Series | None = None
    samples: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(self.samples)

    @property
    def ratio(self) -> str:
        return f"{self.rate / self.limit.rate:.2g}" if self.limit else ""


@dataclass
class Times:
    """One contestant whose samples are times, in milliseconds, and the one it is compared with."""

    what: str
    limit: Times | None = None
    samples: list[float] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return median(self.samples)

    @property
    def last(self) -> float:
        """What 99 of 100 samples stay below."""
        return (
            quantiles(self.samples, n=100, method="inclusive")[-1] if len(self.samples) > 1 else self.middle
        )

    @property
    def ratio(self) -> str:
        return f"{self.middle / self.limit.middle:.2g}" if self.limit else ""


@dataclass
class Costs:
    """One step, and what it costs for each that is done: by the columns' names, one dictionary for each round."""

    what: str
    samples: list[dict[str, float]] = field(default_factory=list)

    def middle(self, column: str) -> float:
        return median(sample[column] for sample in self.samples)


@dataclass
class Section:
    """One row of the benchmark."""

    name: str
    title: str
    series: list[Series] | list[Times] | list[Costs]
    notes: list[str]
    versions: dict[str, str] = field(default_factory=dict)


def alternate(rounds: int, *contestants: tuple[Series | Times, Callable[[], float]]) -> None:
    """Let the contestants take turns, A B C A B C …: each callable measures once and returns what it found."""
    for _ in range(rounds):
        for series, measure in contestants:
            series.samples.append(measure())


def render(section: Section) -> str:
    """The section as Markdown."""
    lines = [f"## {section.name}", "", section.title, ""]
    if isinstance(first := section.series[0], Costs):
        columns = list(first.samples[0])
        lines += [f"| {' | '.join(['what', *columns])} |", f"| --- |{' ---: |' * len(columns)}"]
    elif isinstance(first, Times):
        lines += ["| what | p50 ms | p99 ms | samples | p50 ms of its limit | times its limit |",
                  "| --- | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    else:
        lines += [
            "| what | per second | range | rounds | of its limit |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
    lines += [_line(one) for one in section.series if one.samples]
    lines += ["", *(f"- {note}" for note in section.notes), f"- {_when_and_where(section.versions)}", ""]
    return "\n".join(lines)


def _line(one: Series | Times | Costs) -> str:
    if isinstance(one, Costs):
        cells = [_shown(one.middle(column)) for column in one.samples[0]]
    elif isinstance(one, Times):
        limit = _shown(one.limit.middle) if one.limit else ""
        cells = [_shown(one.middle), _shown(one.last), str(len(one.samples)), limit, one.ratio]
    else:
        span = f"{_shown(min(one.samples))} to {_shown(max(one.samples))}"
        cells = [_shown(one.rate), span, str(len(one.samples)), one.ratio]
    return f"| {' | '.join([one.what, *cells])} |"


def _shown(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def write(section: Section) -> None:
    """Put the section into the file, in place of an older one of the same name."""
    kept = FILE.read_text().split("\n## ")[1:] if FILE.exists() else []
    sections = {text.split("\n", 1)[0]: text.rstrip() for text in kept}
    sections[section.name] = render(section).removeprefix("## ").rstrip()
    FILE.write_text(HEAD + "".join(f"\n## {sections[name]}\n" for name in ROWS if name in sections))


def _when_and_where(more: dict[str, str]) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = {"Python": platform.python_version()}
    for name in ("Django", "psycopg", "pycurl"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    named = ", ".join(f"{name} {number}" for name, number in (found | more).items())
    return f"{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {memory:.0f} GiB, Linux; {named}."
