"""`tocsin notify`: one event from the shell."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import Any

import click

from tocsin.cli.json_option import json_option
from tocsin.cli.lazy import command
from tocsin.cli.moments import moment_option
from tocsin.cli.output import program, warn
from tocsin.cli.stdin import read_text

EXAMPLE = """
tocsin notify message:internal --title "Backup done" --to group:ops
tocsin notify message:system --title "Door open" --body - --level critical \\
    --to user:ana --to email:ops@example.com --channel email --at +10m < report.md
tocsin notify alert:disk --title "Ana looks after db1" --group-key disk-db1 --status acknowledged --to team:acme/ops
"""


@command("notify", example=EXAMPLE)
@click.argument("type", metavar="TYPE")
@click.option("--title", required=True, metavar="TEXT", help="What happened, in one line.")
@click.option("--body", metavar="MARKDOWN", help="More of it, as Markdown; - reads it from stdin.")
@click.option(
    "--to",
    multiple=True,
    metavar="AUDIENCE",
    help="Who is told: user:ana, group:ops, team:acme/ops, org:acme, destination:7, "
    "email:x@example.com. May be repeated.",
)
@click.option("--channel", metavar="SLUG", help="This channel alone, in place of the type's.")
@click.option("--level", metavar="LEVEL", help="info, warning, error or critical. Default: the type's.")
@click.option(
    "--at",
    "due_at",
    metavar="TIME",
    callback=moment_option,
    help="When: 2030-01-31T09:00:00+01:00, or +3s, +10m, +2h, +1d.",
)
@click.option(
    "--until",
    "expires_at",
    metavar="TIME",
    callback=moment_option,
    help="After this it is not sent any more.",
)
@click.option("--url", metavar="URL", help="What it is about: https://… or a path on your site.")
@click.option("--data", metavar="JSON", callback=json_option, help="Further values, as an object.")
@click.option(
    "--group-key", metavar="KEY", help="Events of one key are one story: a thread, an issue, an alert."
)
@click.option(
    "--status", metavar="STATUS", help="Where it stands: open, acknowledged or resolved. Default: open."
)
@click.option("--dedupe-key", metavar="KEY", help="The same key again gives the same event, once.")
@click.option("--organization", metavar="SLUG", help="Whose event it is. Default: the implicit organization.")
def notify(**given: Any) -> None:
    """Send a notification of TYPE and print the event's id.

    The types are declared by your applications; message:internal, message:system, task:finished and drill
    are always there.
    """
    from tocsin import conf, pipeline

    fields = {name: value for name, value in given.items() if value not in (None, ())}
    if fields.get("body") == "-":
        fields["body"] = read_text("body", conf.get("MAX_BODY_BYTES"))
    fields["to"] = list(given["to"])
    if not fields["to"]:
        warn("nobody is named. Say who is told with --to.")
    accepted = pipeline.notify(fields.pop("type"), **fields)
    click.echo(str(accepted.id))
    _warn_of_silence(given["due_at"])


def _warn_of_silence(due_at: datetime | None) -> None:
    """Say so on stderr when the event is stored and nobody is there to deliver it in time."""
    from tocsin import conf
    from tocsin.engines import heartbeat

    here = f"{socket.gethostname()}:{os.getpid()}:"
    others = heartbeat.live_workers().exclude(name__startswith=here).exists()
    if conf.get("ENGINE") == "inline":
        later = due_at is not None and due_at > datetime.now(UTC)
        if later and not others:
            warn(f"it is stored, but nothing runs that will send it when it is due. Start: {program()} serve")
    elif not others:
        warn(f"it is stored, but no worker is running. Start: {program()} worker")
