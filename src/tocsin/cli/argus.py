"""`tocsin import-argus`: what people set up in Argus, as destinations and rules of theirs here."""

from __future__ import annotations

import click

from tocsin.cli.lazy import command
from tocsin.cli.output import as_json_option, print_json, print_rows
from tocsin.cli.stdin import read_line


@command(
    "import-argus",
    example="tocsin import-argus postgresql://argus@localhost/argus --dry-run\n"
    "tocsin import-argus - --type 'alert:*' < url-with-password",
)
@click.argument("url", metavar="DATABASE-URL")
@click.option("--organization", default="", metavar="SLUG", help="Whose events the rules are about.")
@click.option(
    "--type", "event_types", multiple=True, default=("*",), show_default=True, metavar="TYPE",
    help="What the rules are about: an event type, or a prefix of types such as 'alert:*'. Can be given again.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@as_json_option
def import_argus(
    url: str, organization: str, event_types: tuple[str, ...], *, dry_run: bool, as_json: bool
) -> None:
    """Move destinations, timeslots, filters and profiles out of a database of Argus; `-` reads its URL from stdin.

    It is only read. Users must be here already, by the same names. What is here already stays as it is, so that it
    can be done again. What could not be moved is said.
    """
    from pathlib import Path

    from tocsin.adapters.argus import database, move
    from tocsin.server import database_url
    from tocsin.tenants.organizations import organization_id

    if url == "-":
        url = read_line("database")
    holdings = database.read(database_url.database(url, Path.cwd()))
    lines = move.move(holdings, organization_id(organization), event_types, dry_run=dry_run)
    if as_json:
        print_json([line._asdict() for line in lines])
        return
    print_rows(move.Line._fields, lines, empty="There is nothing to move.")
    if dry_run:
        click.echo("Nothing was done: this was a dry run.", err=True)
