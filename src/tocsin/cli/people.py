"""`tocsin user`: who is told."""

from __future__ import annotations

import click

from tocsin.cli.lazy import Command
from tocsin.cli.stdin import read_line

CREATE_EXAMPLE = """
tocsin user create ana --email ana@example.com --group ops
echo "correct horse battery" | tocsin user create root --password-stdin --admin
"""


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
