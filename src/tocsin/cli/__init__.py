"""The command line: `tocsin …` standalone, `manage.py tocsin …` in a host. Commands load when they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tocsin import __version__
from tocsin.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

SECTIONS = {
    "Look": {
        "demo": ("demo.command:demo", "See it all at work, on this machine alone."),
        "doctor": ("doctor.command:doctor", "Check that everything is as it should be."),
        "channels": ("channels:channels", "List the channels and what they need."),
    },
    "Run": {
        "migrate": ("service:migrate", "Make or update the tables."),
        "serve": ("service:serve", "Serve the API, the inbox and the ledger."),
        "worker": ("service:worker", "Do the work: plan and send."),
    },
    "Send": {
        "run": ("run:run", "Run a command, and report how it ended."),
        "tasks": ("tasks:tasks", "List what runs, and what did not."),
        "notify": ("notify:notify", "Send a notification; print the event's id."),
        "series": ("series:series", "Keep events that come again."),
        "simulate": ("simulate:simulate", "Say who would be told of an event, and why."),
        "drill": ("drill:drill", "Raise a false alarm, and say who heard it how fast."),
        "explain": ("explain:explain", "Say who got an event, who did not, and why."),
        "confirm": ("confirm:confirm", "Let an event go that names many people."),
        "deliveries": ("deliveries:deliveries", "List deliveries; send dead ones again."),
    },
    "Set up": {
        "user": ("people:user", "Create users."),
        "destinations": ("destinations:destinations", "Keep the addresses on channels; send a test."),
        "rules": ("rules.group:rules", "Keep the rules: who else hears of what."),
        "token": ("tokens:token", "Create, list and revoke API tokens."),
        "secrets": ("secrets:secrets", "Change the keys that seal secrets."),
        "webpush": ("webpush:webpush", "Make and exchange the keys of web push."),
        "org": ("organizations:org", "Keep organizations and their members."),
        "team": ("organizations:team", "Keep the teams of organizations."),
        "project": ("organizations:project", "Keep the projects of organizations."),
        "prune": ("prune:prune", "Delete what is over and old."),
        "import-argus": ("argus:import_argus", "Move in what people set up in Argus."),
        "pause": ("pauses:pause", "Stop sending, on one channel or on all."),
        "resume": ("pauses:resume", "Go on sending."),
    },
    "Shell": {"completion": ("completion:completion", "Print what makes the shell complete commands.")},
    "": {"reference": ("reference:reference", "Print a page of the documentation.")},
}


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with:  tocsin demo",
)
@click.version_option(__version__, message="tocsin %(version)s")
@click.option(
    "--traceback", is_flag=True, help="Where an error is a fault of tocsin, show where it came from."
)
def cli(traceback: bool) -> None:
    """Notifications that are delivered, and can be explained.

    Every command has a --help with an example.
    """


def main(argv: Sequence[str] | None = None, prog_name: str = "tocsin") -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage or invalid input."""
    cli.main(args=argv, prog_name=prog_name)
