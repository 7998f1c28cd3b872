"""`tocsin token`: bearer tokens for the HTTP API."""

from __future__ import annotations

from typing import Any

import click

from tocsin.cli.lazy import Command
from tocsin.cli.moments import moment_option
from tocsin.cli.output import as_json_option, local_time, print_json, print_rows
from tocsin.cli.whoami import by_whom

CREATE_EXAMPLE = """
TOKEN=$(tocsin token create backup-job)
tocsin token create console --scope admin --operator --expires +90d
"""


@click.group("token")
def token() -> None:
    """Create, list and revoke API tokens."""


@token.command("create", cls=Command, example=CREATE_EXAMPLE)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="What it may do. May be repeated. Default: events:write events:read events:address.",
)
@click.option("--operator", is_flag=True, help="It acts for every organization.")
@click.option(
    "--organization", default="", metavar="SLUG", help="Whose it is. Default: the implicit organization."
)
@click.option(
    "--expires",
    metavar="TIME",
    callback=moment_option,
    help="When it ends: 2030-01-31T09:00:00+01:00, or +90d.",
)
@click.option(
    "--max-recipients",
    type=click.IntRange(0),
    metavar="NUMBER",
    help="Events of it that name more people wait for a confirmation.",
)
def create(name: str, scopes: tuple[str, ...], organization: str, *, operator: bool, **limits: Any) -> None:
    """Create a token and print it, alone. It is not kept and cannot be shown again."""
    from tocsin.tenants.tokens import DEFAULT_SCOPES, create_token

    given = scopes or DEFAULT_SCOPES
    _, plain = create_token(name, organization, scopes=given, operator=operator, by=by_whom(), **limits)
    click.echo(plain)


@token.command("list", cls=Command, example="tocsin token list")
@as_json_option
def list_(*, as_json: bool) -> None:
    """List the tokens, without their secret part."""
    from tocsin.tenants.models import ApiToken

    found = [_row(one) for one in ApiToken.objects.select_related("organization").order_by("pk")]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            row["prefix"],
            row["name"],
            row["organization"],
            " ".join(row["scopes"]),
            row["state"],
            row["max_recipients"],
            local_time(row["last_used_at"]),
        )
        for row in found
    ]
    columns = ("prefix", "name", "organization", "scopes", "state", "most people", "last used")
    print_rows(columns, rows, empty="There are no tokens.")


@token.command("revoke", cls=Command, example="tocsin token revoke backup-job")
@click.argument("name", metavar="PREFIX|NAME")
def revoke(name: str) -> None:
    """End a token, for good."""
    from tocsin.tenants.tokens import find_token
    from tocsin.tenants.tokens import revoke as revoke_token

    found = find_token(name)
    revoke_token(found, by_whom())
    click.echo(f"Token {found.name} ({found.prefix}) is revoked.")


def _row(one: Any) -> dict[str, Any]:
    from tocsin import clock

    expired = one.expires_at is not None and one.expires_at <= clock.now()
    return {
        "prefix": one.prefix,
        "name": one.name,
        "organization": "(all)" if one.is_operator else one.organization.slug,
        "scopes": one.scopes,
        "state": "revoked" if one.revoked_at else "expired" if expired else "live",
        "max_recipients": one.max_recipients,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "last_used_at": one.last_used_at,
    }
