"""`tocsin run -- COMMAND`: a command with its output passed through, and a report when it ends."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tocsin.cli.durations import duration_option

EXAMPLE = """\b
Example:
  tocsin run --name "nightly import" --every 1d --grace 1h -- python import.py --all
  tocsin run --timeout 30m --to group:ops -- sh -c 'pg_dump shop | gzip > shop.gz'
"""
MOST_KEPT = 64 * 1024 * 1024


@click.command(
    "run",
    epilog=EXAMPLE,
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
)
@click.option("--name", metavar="NAME", help="What the task is called. Default: the command's name.")
@click.option(
    "--timeout", metavar="TIME", callback=duration_option, help="Stop it after so long: 90s, 30m, 2h."
)
@click.option("--kill-after", metavar="TIME", callback=duration_option, default="10s", show_default=True,
              help="Kill it, where it has not ended so long after that.")  # fmt: skip
@click.option(
    "--every", metavar="TIME", callback=duration_option, help="How often it should run; 0s for no more."
)
@click.option("--grace", metavar="TIME", callback=duration_option, help="How much later it may end.")
@click.option("--error", "errors_like", multiple=True, metavar="REGEX",
              help="A line like this is an error. Default: the word ERROR. May be repeated.")  # fmt: skip
@click.option("--warning", "warnings_like", multiple=True, metavar="REGEX",
              help="A line like this is a warning. Default: the word WARNING. May be repeated.")  # fmt: skip
@click.option("--keep", type=click.IntRange(0, MOST_KEPT), default=1_048_576, show_default=True, metavar="BYTES",
              help="How much of the output is kept: its beginning, and three times as much of its end.")  # fmt: skip
@click.option(
    "--to",
    multiple=True,
    metavar="AUDIENCE",
    help="Who is told, besides whom the rules tell. May be repeated.",
)
@click.option(
    "--organization", default="", metavar="SLUG", help="Whose task it is. Default: the implicit organization."
)
@click.argument(
    "command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGUMENT]..."
)
@click.pass_context
def run(ctx: click.Context, /, command: tuple[str, ...], **given: Any) -> None:
    """Run COMMAND, pass its output on, and report how it ended: ok, warnings, errors or failed.

    The exit code is the command's: 124 where it was stopped after --timeout, 127 where there is no such command. The
    report waits in a file where the database is away. Of the command only its name is kept, not its arguments.
    """
    from tocsin.errors import InvalidInput
    from tocsin.events.ids import uuid7
    from tocsin.sources.tasks import log as logs
    from tocsin.sources.tasks.process import run_command
    from tocsin.sources.tasks.report import Report

    try:
        log = logs.Log(
            logs.patterns(given["errors_like"], "--error", logs.ERROR),
            logs.patterns(given["warnings_like"], "--warning", logs.WARNING),
            given["keep"],
        )
    except InvalidInput as error:
        raise click.UsageError(" ".join(f"{one.field} {one.message}" for one in error.errors), ctx) from None
    started, began = datetime.now(UTC), time.monotonic()
    ended = run_command(command, log, given["timeout"], given["kill_after"])
    program = Path(command[0]).name
    report = Report(
        id=str(uuid7()), name=(given["name"] or program)[:200], host=socket.gethostname(),
        started_at=started.isoformat(), seconds=time.monotonic() - began, command=program,
        exit_code=ended.exit_code, problem=_problem(ended, given["timeout"]), errors=log.errors,
        warnings=log.warnings, log=log.kept(), log_bytes=log.size, tail=log.tail(),
        organization=given["organization"], to=given["to"], every_seconds=given["every"],
        grace_seconds=given["grace"],
    )  # fmt: skip
    try:
        said = _send(report)
    except Exception as error:  # whatever goes wrong here changes nothing of the exit code
        said = f"the report is lost: {type(error).__name__}: {error}"
    if said:
        click.echo(f"tocsin run: {said}", err=True)
    ctx.exit(ended.exit_code)


def _send(report: Any) -> str:
    """Try the database, then the spool; what is to be said of it, empty where it is stored."""
    from tocsin.cli.lazy import set_up_django
    from tocsin.sources.tasks import send, spool

    try:
        set_up_django()
    except Exception as error:  # settings that are broken must not keep a backup from running
        path = spool.keep(report)
        return f"the report waits in {path}: {type(error).__name__}: {error}"
    became = send.send(report)
    if became == send.STORED:
        spool.look()
        return ""
    return f"the report {'waits until the database is back' if became == send.SPOOLED else 'is lost, see the log'}."


def _problem(ended: Any, timeout: float | None) -> str:
    if ended.problem:
        return str(ended.problem)
    if ended.timed_out:
        return f"it was stopped after {timeout:g} s"
    if ended.signal:
        return f"it was ended by {ended.signal}"
    return f"it ended with exit code {ended.exit_code}" if ended.exit_code else ""
