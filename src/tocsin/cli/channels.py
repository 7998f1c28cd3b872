"""`tocsin channels`: what can be sent by, and what a destination needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.cli.lazy import command
from tocsin.cli.output import as_json_option, print_json, print_rows, warn

if TYPE_CHECKING:
    from tocsin.channels.base import Channel


@command("channels", example="tocsin channels\ntocsin channels --json")
@as_json_option
def channels(*, as_json: bool) -> None:
    """List the channels, and the settings that a destination on each of them takes."""
    from tocsin.channels import registry

    rows = [_row(channel) for channel in registry.channels().values()]
    if as_json:
        print_json(rows)
    else:
        columns = ("channel", "label", "settings", "can do")
        cells = [
            (row["slug"], row["label"], _settings(row["schema"]), ", ".join(row["capabilities"]))
            for row in rows
        ]
        print_rows(columns, cells, empty="There are no channels.")
    for problem in registry.problems():
        warn(str(problem))


def _row(channel: Channel) -> dict[str, Any]:
    from tocsin.channels.forms import json_schema

    can = {
        "in-app": channel.in_app,
        "bare addresses": channel.takes_addresses,
        "account e-mail": channel.uses_account_email,
    }
    return {
        "slug": channel.slug,
        "label": str(channel.label),
        "schema": json_schema(channel.form),
        "capabilities": [name for name, able in can.items() if able],
    }


def _settings(schema: dict[str, Any]) -> str:
    return ", ".join(name if name in schema["required"] else f"[{name}]" for name in schema["properties"])
