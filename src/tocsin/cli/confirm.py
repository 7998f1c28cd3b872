"""`tocsin confirm`: let an event go that names more people than it may."""

from __future__ import annotations

import click

from tocsin.cli.lazy import command
from tocsin.cli.whoami import by_whom


@command("confirm", example="tocsin confirm 0199f7c2-5d0b-7c31-9d3a-0b1f6a2e4c55")
@click.argument("event")
def confirm(event: str) -> None:
    """Let EVENT (its id) go, although it names more people and addresses than its type or its token may.

    `tocsin explain EVENT` says whom it names; `tocsin simulate` tries such an event beforehand.
    """
    from tocsin import pipeline

    found = pipeline.confirm(event, by_whom())
    click.echo(f"“{found.title}” is confirmed and will be planned now.")
