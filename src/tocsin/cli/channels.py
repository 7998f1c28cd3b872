"""`tocsin channels`: what can be sent by, what a destination needs, and what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.lazy import command
from tocsin.cli.output import as_json_option, print_json, print_rows, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = ("channel", "label", "settings", "can do", "shows", "at most", "from")


@command("channels", example="tocsin channels\ntocsin channels --json")
@as_json_option
def channels(*, as_json: bool) -> None:
    """List the channels, and the settings that a destination on each of them takes."""
    from tocsin.channels import registry
    from tocsin.channels.facts import facts

    rows = [facts(channel) for channel in registry.channels().values()]
    if as_json:
        print_json(rows)
    else:
        print_rows(COLUMNS, map(_cells, rows), empty="There are no channels.")
    for row in rows:
        if row["not_ready"]:
            warn(f"{row['slug']}: {row['not_ready']}")
    for problem in registry.problems():
        warn(f"{problem.field} {problem.message} {problem.remedy}")
    for slug, missing in registry.missing().items():
        if missing.lacks_extra:
            click.echo(f"{slug} is not installed. {missing.problem.remedy}", err=True)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["slug"],
        row["label"],
        _settings(row["schema"]),
        ", ".join(row["capabilities"]),
        ", ".join(row["formats"]),
        at_most(row),
        row["provider"],
    )


def _settings(schema: Mapping[str, Any]) -> str:
    return ", ".join(name if name in schema["required"] else f"[{name}]" for name in schema["properties"])


def at_most(row: Mapping[str, Any]) -> str:
    """The longest text, or the largest message, that the channel takes."""
    units = {"max_characters": "characters", "max_bytes": "bytes"}
    return ", ".join(f"{row[name]:,} {unit}" for name, unit in units.items() if row[name])
