"""`tocsin user` and `tocsin destinations`: who is told, and where."""

from __future__ import annotations

import json
from typing import Any

import click

from tocsin.cli.json_option import json_option
from tocsin.cli.lazy import Command
from tocsin.cli.output import as_json_option, print_json, print_rows
from tocsin.cli.stdin import read_line

CREATE_EXAMPLE = """
tocsin user create ana --email ana@example.com --group ops
echo "correct horse battery" | tocsin user create root --password-stdin --admin
"""
ADD_EXAMPLE = """
tocsin destinations add user:ana webhook --set url=https://example.com/hook
tocsin destinations add org:default email --label "On call" --set email_address=oncall@example.com
"""
LIST_EXAMPLE = "tocsin destinations list --user ana"


@click.group("user")
def user() -> None:
    """Create users."""


@user.command("create", cls=Command, example=CREATE_EXAMPLE)
@click.argument("name")
@click.option("--email", default="", metavar="ADDRESS", help="Their account's e-mail address.")
@click.option(
    "--group", "groups", multiple=True, metavar="NAME", help="Made if it is missing. May be repeated."
)
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin; without one they cannot sign in."
)
@click.option("--admin", is_flag=True, help="They may see and do everything.")
def create(name: str, email: str, groups: tuple[str, ...], *, password_stdin: bool, admin: bool) -> None:
    """Create a user called NAME."""
    from tocsin.cli.accounts import create_user

    password = read_line("password") if password_stdin else None
    made = create_user(name, email=email, groups=groups, password=password, admin=admin)
    click.echo(f"User {made.get_username()} is made.")


@click.group("destinations")
def destinations() -> None:
    """Add and list addresses on channels."""


@destinations.command("add", cls=Command, example=ADD_EXAMPLE)
@click.argument("owner", metavar="user:NAME|org:SLUG")
@click.argument("channel")
@click.option("--label", default="", metavar="TEXT", help="What the owner calls it.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the channel; see `tocsin channels`. NAME=- reads it from stdin, for secrets.",
)
@click.option(
    "--settings", "settings", metavar="JSON", callback=json_option, help="All settings as one object."
)
def add(
    owner: str, channel: str, label: str, pairs: tuple[str, ...], settings: dict[str, Any] | None
) -> None:
    """Add a destination and print its number."""
    from tocsin.cli.lookups import find_owner
    from tocsin.recipients.destinations import add_destination

    given = (settings or {}) | dict(map(_pair, pairs))
    click.echo(str(add_destination(find_owner(owner), channel, given, label=label).pk))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is no NAME=VALUE.", param_hint="--set")
    return name, read_line(name) if value == "-" else value


@destinations.command("list", cls=Command, example=LIST_EXAMPLE)
@click.option("--user", "name", metavar="NAME", help="Only this person's.")
@click.option("--channel", default="", metavar="SLUG", help="Only on this channel.")
@as_json_option
def list_(name: str | None, channel: str, *, as_json: bool) -> None:
    """List destinations. Secrets are never shown."""
    from tocsin.channels import registry
    from tocsin.cli.lookups import find_user
    from tocsin.recipients.models import Destination

    found = Destination.objects.select_related("user", "organization").order_by("pk")
    if name:
        found = found.filter(user=find_user(name))
    if channel:
        found = found.filter(channel=registry.get(channel).slug)
    rows = [_row(destination) for destination in found]
    if as_json:
        print_json(rows)
        return
    columns = ("number", "owner", "channel", "label", "settings", "state")
    print_rows(columns, [tuple(row.values()) for row in rows], empty="There are no such destinations.")


def _row(destination: Any) -> dict[str, Any]:
    owner = destination.organization and f"org:{destination.organization.slug}"
    return {
        "id": str(destination.pk),
        "owner": owner or f"user:{destination.user.get_username()}",
        "channel": destination.channel,
        "label": destination.label,
        "settings": json.dumps(destination.settings, ensure_ascii=False) if destination.settings else "",
        "state": f"disabled: {destination.disabled_reason}" if destination.disabled_at else "in use",
    }
