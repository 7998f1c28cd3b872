"""`tocsin drill`: a false alarm, end to end, and a report of who heard it and how fast."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.durations import duration_option
from tocsin.cli.lazy import command
from tocsin.cli.moments import moment_option
from tocsin.cli.output import as_json_option, in_words, print_json, print_rows, program, warn

if TYPE_CHECKING:
    from tocsin.deliveries.story import Line

EXAMPLE = """
tocsin drill --to group:oncall --wait 2m
tocsin drill --to destination:12 --to user:ana --at 2030-01-31T03:00:00+01:00
tocsin drill --report 0199f7c2-5d0b-7c31-9d3a-0b1f6a2e4c55
"""
COLUMNS = ("who", "channel", "state", "seconds", "why")
LOOK_SECONDS = 0.2


@command("drill", example=EXAMPLE)
@click.option(
    "--to", multiple=True, metavar="AUDIENCE", help="Who is alarmed, as with notify. May be repeated."
)
@click.option("--channel", metavar="SLUG", help="By this channel alone.")
@click.option("--title", default="This is a drill", show_default=True, metavar="TEXT")
@click.option(
    "--at", "due_at", metavar="TIME", callback=moment_option, help="When: 2030-01-31T03:00:00+01:00, or +2h."
)
@click.option("--wait", callback=duration_option, default="60s", show_default=True, metavar="TIME",
              help="How long the report is waited for.")  # fmt: skip
@click.option("--report", "event", metavar="EVENT", help="Only report on a drill that was raised before.")
@as_json_option
def drill(event: str | None, wait: int, due_at: datetime | None, *, as_json: bool, **given: Any) -> None:
    """Send a critical event of the type drill, marked as one, and report what arrived and how fast.

    It goes the way of every event: preferences, hours and rules hold. Exit code 1 where somebody was not reached
    in time. For one again and again: tocsin series add drill.
    """
    from tocsin import clock, pipeline

    if event is None:
        if not given["to"]:
            raise click.UsageError("Say who is alarmed, with --to.")
        fields = {name: value for name, value in given.items() if value not in (None, ())}
        body = "Somebody tries whether alarms arrive. There is nothing to do."
        level = "critical"
        accepted = pipeline.notify("drill", body=body, level=level, due_at=due_at, **fields)
        event = str(accepted.id)
    if due_at is not None and due_at > clock.now():
        click.echo(event)
        warn(f"it is raised at {due_at.isoformat()}. Afterwards: {program()} drill --report {event}")
        return
    rows, ended = _wait_for(event, wait)
    report = [_row(line) for line in rows]
    if as_json:
        print_json({"event": event, "ended": ended, "deliveries": report})
    else:
        cells = [(one["who"], one["channel"], one["state"], one["seconds"], one["why"]) for one in report]
        print_rows(COLUMNS, cells, empty="Nobody was to hear it.")
        if not ended:
            warn(f"it was not over in time. Later: {program()} drill --report {event}")
    if not ended or not report or any(one["state"] != "sent" for one in report):
        sys.exit(1)


def _wait_for(event: str, seconds: int) -> tuple[list[Line], bool]:
    """The lines of an event, and whether all of them have ended; looked at again and again."""
    from tocsin.cli.lookups import find_event
    from tocsin.deliveries import story
    from tocsin.deliveries.states import FINAL
    from tocsin.events.states import EventState
    from tocsin.tenants.scope import OPERATOR

    deadline = time.monotonic() + seconds
    while True:
        found = find_event(event)
        lines = story.lines(OPERATOR, event=found.pk, limit=story.MAX_LIMIT).items
        planned = found.state not in (EventState.WAITING, EventState.PLANNING)
        ended = planned and all(line.state in FINAL for line in lines)
        if ended or time.monotonic() >= deadline:
            return lines, ended
        time.sleep(LOOK_SECONDS)


def _row(line: Line) -> dict[str, Any]:
    took = None
    if line.state == "sent" and line.finished_at is not None:
        took = round(max(timedelta(0), line.finished_at - line.due_at) / timedelta(seconds=1), 2)
    return {
        "who": line.label or line.address, "channel": line.channel, "state": line.state, "seconds": took,
        "why": "" if line.state == "sent" else in_words(line),
    }  # fmt: skip
