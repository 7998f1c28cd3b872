"""`tocsin explain`: who got an event, who did not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tocsin.cli.lazy import command
from tocsin.cli.output import as_json_option, in_words, print_json, print_rows

if TYPE_CHECKING:
    from tocsin.deliveries.explain import Explanation

EXAMPLE = """
tocsin explain 0199f7c2-5d0b-7c31-9d3a-0b1f6a2e4c55
tocsin explain 0199f7c2-5d0b-7c31-9d3a-0b1f6a2e4c55 --user ana --json
tocsin explain 0199f7c2-5d0b-7c31-9d3a-0b1f6a2e4c55 --rule 12
"""
COLUMNS = ("delivery", "channel", "to", "state", "in words")


@command("explain", example=EXAMPLE)
@click.argument("event")
@click.option("--user", metavar="NAME", help="Only this person: the key or the user name.")
@click.option("--rule", type=int, metavar="ID", help="Only what this rule says of it.")
@as_json_option
@click.pass_context
def explain(ctx: click.Context, event: str, user: str | None, rule: int | None, *, as_json: bool) -> None:
    """Say who got EVENT (its id), who did not, and why."""
    from tocsin.cli.lookups import find_event, find_user
    from tocsin.deliveries.explain import explain as explain_event

    if user and rule is not None:
        raise click.UsageError("Give --user or --rule, not both.", ctx)
    explanation = explain_event(find_event(event), find_user(user) if user else None, rule=rule)
    if as_json:
        print_json(explanation.as_json())
    else:
        _print(explanation)


def _print(explanation: Explanation) -> None:
    for sentence in explanation.sentences:
        click.echo(str(sentence))
    if explanation.lines:
        click.echo()
        rows = [
            (line.id, line.channel, line.label or line.address, line.state, in_words(line))
            for line in explanation.lines
        ]
        print_rows(COLUMNS, rows, empty="")
