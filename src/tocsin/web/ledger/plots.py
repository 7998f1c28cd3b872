"""The drawings of the ledger: bars over time, shares, and attempts on their way. Numbers in, places in an SVG out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tocsin.deliveries.pulse import Tally

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 132, 58, 22
"""Of a plot with axes, in SVG units: the whole, and the room for the labels."""
SPARK_WIDTH, SPARK_HEIGHT = 180, 28
LANE = 640


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time: what went out, and on top of it what failed."""

    x: float
    width: float
    sent_y: float
    sent_height: float
    failed_y: float
    failed_height: float
    tally: Tally


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars, and the labels of both axes."""

    width: int
    height: int
    left: int
    floor: float
    bars: list[Bar]
    top: int
    """What the highest line means."""
    middle: int | None
    ticks: list[tuple[float, datetime]]
    unknown: float
    """How much from the left is not counted, as a width."""

    @property
    def half(self) -> float:
        """The height at which `middle` is drawn."""
        return self.floor - (self.floor - 8) / 2


def plot(tallies: Sequence[Tally], every: int) -> Plot:
    """A plot with axes; each stretch whose number is a multiple of `every` from the end has its time below."""
    top = round_up(max((one.sent + one.failed for one in tallies), default=0))
    floor = HEIGHT - BOTTOM
    step = (WIDTH - LEFT) / len(tallies)
    bars = _bars(tallies, top, (LEFT, 8.0, step, floor - 8.0))
    last = len(tallies) - 1
    ticks = [(bar.x, bar.tally.at) for index, bar in enumerate(bars) if (last - index) % every == 0]
    unknown = step * sum(not one.known for one in tallies)
    middle = top // 2 if top % 2 == 0 else None
    return Plot(WIDTH, HEIGHT, LEFT, floor, bars, top, middle, ticks, round(unknown, 1))


def spark(tallies: Sequence[Tally]) -> list[Bar]:
    """Bars alone, for one line of a table."""
    top = max((one.sent + one.failed for one in tallies), default=0)
    return _bars(tallies, max(top, 1), (0.0, 1.0, SPARK_WIDTH / len(tallies), SPARK_HEIGHT - 1.0))


def _bars(tallies: Sequence[Tally], top: int, place: tuple[float, float, float, float]) -> list[Bar]:
    left, above, step, height = place
    found = []
    for index, one in enumerate(tallies):
        sent, failed = one.sent / top * height, one.failed / top * height
        # What is there is seen, however little it is beside the rest.
        sent, failed = (
            max(tall, 1.5) if number else 0.0 for tall, number in ((sent, one.sent), (failed, one.failed))
        )
        floor = above + height
        found.append(
            Bar(
                round(left + index * step, 2), round(step * 0.8, 2), round(floor - sent, 2), round(sent, 2),
                round(floor - sent - failed, 2), round(failed, 2), one,
            )
        )  # fmt: skip
    return found


def round_up(number: int) -> int:
    """The next number that is good on an axis: 1, 2, 5, 10, 20, 50 …"""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size >= number:
                return factor * size
        size *= 10


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole."""

    name: str
    number: int
    x: float
    width: float


def parts(numbers: Iterable[tuple[str, int]], width: int = LANE) -> list[Part]:
    """Parts side by side, in proportion."""
    numbers = list(numbers)
    total = sum(number for _name, number in numbers)
    found, x = [], 0.0
    for name, number in numbers:
        wide = width * number / total
        found.append(Part(name, number, round(x, 2), round(wide, 2)))
        x += wide
    return found


@dataclass(frozen=True, slots=True)
class Dot:
    """One moment on a line of time."""

    name: str
    x: float


def dots(moments: Iterable[tuple[str, datetime]], begin: datetime, end: datetime) -> list[Dot]:
    """Moments on a line from `begin` to `end`."""
    whole = max((end - begin).total_seconds(), 0.001)
    room = LANE - 16
    return [
        Dot(name, round(8 + room * min(1.0, max(0.0, (at - begin).total_seconds() / whole)), 1))
        for name, at in moments
    ]
