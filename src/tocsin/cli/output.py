"""What commands print: tables on a terminal, tab-separated lines elsewhere, JSON where it was asked for."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tocsin.deliveries.story import Line

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: Any) -> None:
    """Print `value` as JSON, indented."""
    from django.core.serializers.json import DjangoJSONEncoder

    click.echo(json.dumps(value, ensure_ascii=False, indent=2, cls=DjangoJSONEncoder))


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Print a table on a terminal; elsewhere a line per row, its fields parted by tabs.

    `empty` goes to stderr where there are no rows.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        click.echo(empty, err=True)
    elif sys.stdout.isatty():
        _print_table(columns, cells)
    else:
        for row in cells:
            click.echo("\t".join(row))


def progress(batches: Iterable[Any], what: str) -> Iterator[Any]:
    """Hand batches on; on a terminal, say on stderr how far it has come. A batch is a number, or begins with one."""
    total = 0
    shown = sys.stderr.isatty()
    for batch in batches:
        total += batch[0] if isinstance(batch, tuple) else batch
        if shown:
            click.echo(f"\r{total:,} {what} …", nl=False, err=True)
        yield batch
    if shown and total:
        click.echo(f"\r{total:,} {what}  ", err=True)


def program() -> str:
    """How the command line is called here: "tocsin", or "manage.py tocsin" in a host."""
    context = click.get_current_context(silent=True)
    return (context.find_root().info_name if context else None) or "tocsin"


def warn(text: str) -> None:
    """A warning on stderr."""
    click.echo(f"{click.style('Warning:', fg='yellow')} {text}", err=True)


def local_time(moment: datetime | None) -> str:
    """A time as people read it, in this machine's zone; empty for None."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def in_words(line: Line) -> str:
    """Why a delivery stands where it does; for one that did not get through, what its last attempt met."""
    last = line.attempts[-1] if line.attempts else None
    if line.state not in ("retrying", "dead") or last is None or not last.cause:
        return line.sentence
    return f"{last.get_cause_display()} {last.detail}".rstrip()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    # What was stored may hold escape codes; a terminal must not act on them.
    return "".join(c if c.isprintable() else " " for c in text)


def _print_table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column)
    for row in cells:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    Console().print(table)


STYLES = {
    "sent": "green",
    "dead": "red",
    "retrying": "yellow",
    "skipped": "dim",
    "cancelled": "dim",
    "expired": "dim",
    "pending": "cyan",
    "sending": "cyan",
    "deferred": "cyan",
    "+": "green",
    "-": "red",
    "ok": "green",
    "warning": "yellow",
    "error": "red",
}
