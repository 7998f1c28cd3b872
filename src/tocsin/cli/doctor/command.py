"""The command: every check in turn; one that fails itself is an error and ends no other."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tocsin.cli.doctor.findings import ERROR, OK, WARNING, Finding
from tocsin.cli.failures import as_click
from tocsin.cli.lazy import command
from tocsin.cli.output import as_json_option, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Check = Callable[[], Iterator[Finding]]

COLOURS = {OK: "green", WARNING: "yellow", ERROR: "red"}
SIGNS = {OK: "✓", WARNING: "!", ERROR: "✗"}


@command("doctor", example="tocsin doctor\ntocsin doctor --me ana\ntocsin doctor --json")
@click.option("--me", default="", metavar="NAME", help="Also send a test to each destination of this user.")
@as_json_option
def doctor(me: str, *, as_json: bool) -> None:
    """Check database, mail, channels, settings, clock, queue, keys, workers and rules. Exit code 1 on errors."""
    findings = examine()
    if me:
        from tocsin.cli.doctor import trial

        findings += _run("test", lambda: trial.destinations_of(me))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _print(finding)
    if any(finding.status == ERROR for finding in findings):
        sys.exit(1)


def examine() -> list[Finding]:
    """All findings. What needs the tables is left out where they cannot be read."""
    from tocsin.cli.doctor import database, ledger, push, rules, surroundings

    findings = [*_run("settings", surroundings.settings), *_run("database", database.database)]
    checks: dict[str, Check] = {
        "keys": surroundings.key_file,
        "mail": surroundings.mail,
        "broker": surroundings.broker,
        "channels": surroundings.channels,
    }
    if all(finding.status != ERROR for finding in findings if finding.check in ("database", "tables")):
        checks |= {
            "clock": database.clocks,
            "secrets": ledger.secrets,
            "workers": ledger.workers,
            "pauses": ledger.paused,
            "destinations": ledger.unready,
            "webpush": push.keys,
            "queue": ledger.queue,
            "dead": ledger.dead,
            "confirm": ledger.unconfirmed,
            "rules": rules.doubtful,
        }
    for name, check in checks.items():
        findings += _run(name, check)
    return findings


def _run(name: str, check: Check) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:
        failure = as_click(error)
        return [Finding(name, ERROR, failure.format_message())]


def _print(finding: Finding) -> None:
    terminal = sys.stdout.isatty()
    sign = f"{SIGNS[finding.status]} " if terminal else f"{finding.status:<8} "
    click.echo(f"{click.style(sign, fg=COLOURS[finding.status])}{finding.check:<9} {finding.message}")
    if finding.remedy:
        click.echo(f"{'':<{len(sign) + 10}}{click.style(finding.remedy, dim=True)}")
