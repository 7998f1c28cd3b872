"""`manage.py tocsin …`: hands its arguments to the same commands as `tocsin …`."""

from __future__ import annotations

from argparse import REMAINDER
from pathlib import Path
from typing import Any

import click
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tocsin.cli import cli, main


class Command(BaseCommand):
    """The host's door to the command line."""

    help = "Notifications: `manage.py tocsin --help` lists the commands."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        main(argv[2:], prog_name=f"{Path(argv[0]).name} {argv[1]}")

    def print_help(self, prog_name: str, subcommand: str) -> None:
        main(["--help"], prog_name=f"{Path(prog_name).name} {subcommand}")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("arguments", nargs=REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        """For `call_command("tocsin", "notify", …)`. Raises `CommandError`."""
        try:
            cli.main(args=[*args, *options["arguments"]], prog_name="tocsin", standalone_mode=False)
        except click.ClickException as error:
            raise CommandError(error.format_message(), returncode=error.exit_code) from error
