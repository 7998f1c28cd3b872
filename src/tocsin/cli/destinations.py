"""`tocsin destinations`: where people and organizations are told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.json_option import json_option
from tocsin.cli.lazy import Command
from tocsin.cli.output import as_json_option, print_json, print_rows, program, warn
from tocsin.cli.stdin import read_line
from tocsin.cli.whoami import by_whom

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.recipients.destinations import Saved
    from tocsin.recipients.models import Destination

COLUMNS = ("id", "owner", "channel", "label", "settings", "state")
LIST_EXAMPLE = """
tocsin destinations list --user ana
tocsin destinations list --owner org:acme --channel webhook --json
"""
ADD_EXAMPLE = """
tocsin destinations add user:ana webhook --set url=https://example.com/hook
tocsin destinations add org:default email --label "On call" --set email_address=oncall@example.com
"""
CHANGE_EXAMPLE = """
tocsin destinations change 12 --label "On call at night" --set email_address=night@example.com
echo "$NEW_SECRET" | tocsin destinations change 12 --set secret=-
"""
TEST_EXAMPLE = "tocsin destinations test 12 account-email-7"

_one = click.argument("public_id", metavar="ID")


def _settings_options(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option("--label", default="", metavar="TEXT", help="What the owner calls it.")(function)
    return click.option(
        "--set",
        "pairs",
        multiple=True,
        metavar="NAME=VALUE",
        help="A setting of the channel; see `tocsin channels`. NAME=- reads it from stdin, for secrets.",
    )(function)


@click.group("destinations")
def destinations() -> None:
    """Keep the addresses on channels.

    ID is what `list` shows: a number, or account-email-7 for the account address of the user 7.
    """


@destinations.command("list", cls=Command, example=LIST_EXAMPLE)
@click.option(
    "--user", "name", default="", metavar="NAME", help="Only this person's, with their account's address."
)
@click.option("--owner", default="", metavar="user:NAME|org:SLUG", help="Only this owner's.")
@click.option("--channel", default="", metavar="SLUG", help="Only on this channel.")
@as_json_option
@click.pass_context
def list_(ctx: click.Context, name: str, owner: str, channel: str, *, as_json: bool) -> None:
    """List destinations and their state. Secrets are never shown."""
    from tocsin.channels import registry
    from tocsin.cli.addresses import found, row, settings_text
    from tocsin.cli.lookups import find_owner, find_user

    if name and owner:
        raise click.UsageError("Give --user or --owner, not both.", ctx)
    slug = registry.get(channel).slug if channel else ""
    whose = find_user(name) if name else find_owner(owner) if owner else None
    rows = [row(destination) for destination in found(whose, slug)]
    if as_json:
        print_json(rows)
        return
    cells = [
        (one["id"], one["owner"], one["channel"], one["label"], settings_text(one), one["state"])
        for one in rows
    ]
    print_rows(COLUMNS, cells, empty="There are no such destinations.")


@destinations.command("add", cls=Command, example=ADD_EXAMPLE)
@click.argument("owner", metavar="user:NAME|org:SLUG")
@click.argument("channel")
@_settings_options
@click.option(
    "--settings", "settings", metavar="JSON", callback=json_option, help="All settings as one object."
)
def add(
    owner: str, channel: str, label: str, pairs: tuple[str, ...], settings: dict[str, Any] | None
) -> None:
    """Add a destination and print its number.

    A secret that the channel makes itself is shown once, on stderr.
    """
    from tocsin.cli.lookups import find_owner
    from tocsin.recipients.destinations import create

    given = (settings or {}) | _given(pairs)
    saved = create(find_owner(owner), channel, given, label=label, by_operator=True)
    click.echo(str(saved.destination.pk))
    _show_made(saved)


@destinations.command("change", cls=Command, example=CHANGE_EXAMPLE)
@_one
@_settings_options
@click.pass_context
def change(ctx: click.Context, public_id: str, label: str, pairs: tuple[str, ...]) -> None:
    """Change some settings of a destination, or its label; the others stay.

    Secrets that are not given stay too, but for one case: at another address they are dropped.
    """
    from tocsin.cli.lookups import find_destination
    from tocsin.recipients import destinations as keep

    if not (label or pairs):
        raise click.UsageError("Nothing to change: give --set or --label.", ctx)
    destination = find_destination(public_id)
    given = destination.settings | _given(pairs)
    saved = keep.change(destination, given, label=label, by_operator=True)
    click.echo(f"{_name(saved.destination)} is changed.")
    if saved.secret_cleared:
        warn("the address is another one, so the old secret was dropped (secret_cleared).")
    _show_made(saved)


@destinations.command("test", cls=Command, example=TEST_EXAMPLE)
@click.argument("public_ids", nargs=-1, required=True, metavar="ID...")
@as_json_option
def test(public_ids: tuple[str, ...], *, as_json: bool) -> None:
    """Send a test to each at once, and say what became of it. Exit code 1 unless all were sent."""
    from tocsin.cli.addresses import test_row
    from tocsin.cli.lookups import find_destination
    from tocsin.web.destination_words import try_out

    rows = []
    for destination in [find_destination(text) for text in public_ids]:
        tried = try_out(destination)
        rows.append(test_row(destination, tried))
        if not as_json:
            sign = click.style("✓", fg="green") if tried.is_sent else click.style("✗", fg="red")
            click.echo(f"{sign} {_name(destination)}: {tried.words}")
    if as_json:
        print_json(rows)
    if any(row["outcome"] != "sent" for row in rows):
        sys.exit(1)


@destinations.command("disable", cls=Command, example='tocsin destinations disable 12 --reason "moved away"')
@_one
@click.option("--reason", default="Switched off by the operator.", show_default=True, metavar="TEXT")
def disable(public_id: str, reason: str) -> None:
    """Stop using a destination. What is sent meanwhile is skipped, with this reason in the ledger."""
    from tocsin.cli.lookups import find_destination
    from tocsin.recipients import destinations as keep

    destination = find_destination(public_id)
    changed = keep.disable(destination, reason)
    click.echo(f"{_name(destination)} is disabled." if changed else f"{_name(destination)} was so already.")


@destinations.command("enable", cls=Command, example="tocsin destinations enable 12")
@_one
def enable(public_id: str) -> None:
    """Use a destination again, from the next event on."""
    from tocsin.cli.lookups import find_destination
    from tocsin.recipients import destinations as keep

    destination = find_destination(public_id)
    if destination.disabled_at is None:
        click.echo(f"{_name(destination)} is in use already.")
        return
    keep.enable(destination)
    click.echo(f"{_name(destination)} is in use again.")


@destinations.command(
    "remove", cls=Command, example="tocsin destinations remove 12\ntocsin destinations remove 12 --force"
)
@_one
@click.option("--force", is_flag=True, help="Take it out of the rules that tell it, too.")
def remove(public_id: str, *, force: bool) -> None:
    """Remove a destination for good, with its secrets.

    What is still on its way there ends as skipped; what was sent stays in the ledger. One that rules tell is
    kept, and they are named; with --force it is taken out of them, and those that would tell nobody are off.
    """
    from tocsin import pipeline
    from tocsin.cli.lookups import find_destination

    destination = find_destination(public_id)
    name = _name(destination)
    pipeline.remove_destination(destination, by_whom(), force=force)
    click.echo(f"{name} is removed. What was still on its way there will be skipped (destination_gone).")


@destinations.command("confirm", cls=Command, example="tocsin destinations confirm 12 204617")
@_one
@click.argument("code")
def confirm(public_id: str, code: str) -> None:
    """Confirm a destination with the code that was sent to it."""
    from tocsin.cli.lookups import find_destination
    from tocsin.recipients import proof

    destination = find_destination(public_id)
    proof.confirm(destination, code)
    click.echo(f"{_name(destination)} is confirmed.")


def _given(pairs: tuple[str, ...]) -> dict[str, str]:
    return dict(map(_pair, pairs))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is no NAME=VALUE.", param_hint="--set")
    return name, read_line(name) if value == "-" else value


def _name(destination: Destination) -> str:
    from tocsin.recipients.managed import public_id

    return f"{public_id(destination)} ({destination})"


def _show_made(saved: Saved) -> None:
    """On stderr, so that stdout stays the answer alone."""
    for name, value in saved.made.items():
        click.echo(f"{name}: {value}", err=True)
    if saved.made:
        click.echo(
            f"Made just now and shown this once. `{program()} destinations change` sets another.", err=True
        )
