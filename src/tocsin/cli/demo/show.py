"""What the demo shows: a table that fills on a terminal, a line per delivery elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from tocsin.cli.demo.script import NOTHING, REACHED, RETRYING, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from tocsin.cli.demo.watch import Row

LOOK_SECONDS = 0.1
STYLES = {
    REACHED: ("✓", "green"), NOTHING: ("✓", "green"), SKIPPED: ("-", "dim"), RETRYING: ("↻", "yellow"),
    "": ("·", "dim"),
}  # fmt: skip


def follow(rows: Callable[[], list[Row]], is_over: Callable[[list[Row]], bool]) -> list[Row]:
    """Show how the deliveries get on until it is over; returns how they stand then."""
    return _follow_live(rows, is_over) if sys.stdout.isatty() else _follow_plain(rows, is_over)


def _follow_plain(rows: Callable[[], list[Row]], is_over: Callable[[list[Row]], bool]) -> list[Row]:
    told: set[int] = set()
    while True:
        now = rows()
        for index, row in enumerate(now):
            if row.state and index not in told:
                told.add(index)
                took = f"{row.ms:.0f} ms" if row.ms is not None else "-"
                scene, end = row.scene, row.end
                click.echo("\t".join((scene.door, scene.title, end.channel, end.who, row.words, took)))
        if is_over(now):
            return now
        time.sleep(LOOK_SECONDS)


def _follow_live(rows: Callable[[], list[Row]], is_over: Callable[[list[Row]], bool]) -> list[Row]:
    from rich.live import Live

    with Live(auto_refresh=False) as live:
        while True:
            now = rows()
            live.update(_table(now), refresh=True)
            if is_over(now):
                return now
            time.sleep(LOOK_SECONDS)


def _table(rows: list[Row]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD, header_style="dim", show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in ("by", "event", "channel", "to", "where it is"):
        table.add_column(column, no_wrap=column != "where it is")
    table.add_column("after", justify="right", no_wrap=True)
    for index, row in enumerate(rows):
        sign, style = STYLES.get(row.state, ("✗", "red"))
        place = sum(1 for other in rows[:index] if other.scene is row.scene)
        title = Text(row.scene.title) if place == 0 else Text(row.scene.note if place == 1 else "", "dim")
        where = Text(f"{sign} {row.words}", style)
        took = Text(f"{row.ms:.0f} ms" if row.ms is not None else "", "dim")
        door = Text(row.scene.door if place == 0 else "", "dim")
        table.add_row(door, title, row.end.channel, row.end.who, where, took)
    return table
