"""`tocsin series`: events that come again by a rule."""

from __future__ import annotations

from typing import Any

import click

from tocsin.cli.durations import duration_option
from tocsin.cli.json_option import json_option
from tocsin.cli.lazy import Command
from tocsin.cli.moments import moment_option
from tocsin.cli.output import as_json_option, print_json, print_rows
from tocsin.cli.stdin import read_text
from tocsin.cli.whoami import by_whom

ADD_EXAMPLE = """
tocsin series add message:internal --title "Stand-up" --to team:acme/web \\
    --rrule "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0" --zone Europe/Oslo --expires-after 30m
"""
COLUMNS = ("id", "state", "next", "rule", "zone", "type", "title")

_one = click.argument("series_id", metavar="ID")


@click.group("series")
def series() -> None:
    """Keep events that come again: each occurrence is an event of its own, and the next one always waits."""


@series.command("add", cls=Command, example=ADD_EXAMPLE)
@click.argument("type", metavar="TYPE")
@click.option("--title", required=True, metavar="TEXT", help="What happens, in one line.")
@click.option(
    "--rrule", required=True, metavar="RULE", help="When: a rule of RFC 5545, FREQ=WEEKLY;BYDAY=MO."
)
@click.option("--zone", "time_zone", metavar="ZONE", help="On whose clock: Europe/Oslo. Default: the site's.")
@click.option(
    "--start", "starts_at", metavar="TIME", callback=moment_option,
    help="From when on: 2030-01-31T09:00:00+01:00, or +2h. Default: now.",
)  # fmt: skip
@click.option(
    "--expires-after",
    metavar="TIME",
    callback=duration_option,
    help="After so long an occurrence is not sent any more: 30m, 2h, 1d.",
)
@click.option("--body", metavar="MARKDOWN", help="More of it, as Markdown; - reads it from stdin.")
@click.option("--to", multiple=True, metavar="AUDIENCE", help="Who is told, as with notify. May be repeated.")
@click.option("--channel", metavar="SLUG", help="This channel alone, in place of the type's.")
@click.option("--level", metavar="LEVEL", help="info, warning, error or critical. Default: the type's.")
@click.option("--url", metavar="URL", help="What it is about: https://… or a path on your site.")
@click.option("--data", metavar="JSON", callback=json_option, help="Further values, as an object.")
@click.option("--about", metavar="TEXT", help="The object it hangs on, to end it by.")
@click.option("--dedupe-key", metavar="KEY", help="The same key again gives the series that goes on.")
@click.option("--organization", metavar="SLUG", help="Whose it is. Default: the implicit organization.")
def add(expires_after: int | None, **given: Any) -> None:
    """Repeat a notification of TYPE by a rule, and print the series' id."""
    from tocsin import conf, pipeline
    from tocsin.schedule.series import TIMING

    fields = {name: value for name, value in given.items() if value not in (None, ())}
    if fields.get("body") == "-":
        fields["body"] = read_text("body", conf.get("MAX_BODY_BYTES"))
    fields["to"] = list(given["to"])
    timing = {name: fields.pop(name) for name in TIMING if name in fields}
    if expires_after is not None:
        timing["expires_after"] = expires_after
    draft, checked = pipeline.parse_series(fields, timing)
    click.echo(str(pipeline.start_series(draft, checked, by=by_whom()).pk))


@series.command("list", cls=Command, example="tocsin series list\ntocsin series list --all --json")
@click.option("--all", "ended", is_flag=True, help="Also what has ended or was cancelled.")
@click.option("--about", default="", metavar="TEXT", help="Only what hangs on this object.")
@as_json_option
def list_(about: str, *, ended: bool, as_json: bool) -> None:
    """List the series that go on, and when each is told next."""
    from tocsin.schedule.models import Series, SeriesState
    from tocsin.schedule.series import as_json as bodies

    found = Series.objects.select_related("organization", "project").order_by("pk")
    if not ended:
        found = found.filter(state=SeriesState.ACTIVE)
    if about:
        found = found.filter(about=about)
    rows = bodies(found)
    if as_json:
        print_json(rows)
        return
    print_rows(
        COLUMNS,
        [
            (
                row["id"],
                row["state"],
                row["next_at"],
                row["rrule"],
                row["time_zone"],
                row["type"],
                row["title"],
            )
            for row in rows
        ],
        empty="Nothing comes again.",
    )


@series.command("cancel", cls=Command, example="tocsin series cancel 7")
@_one
def cancel(series_id: str) -> None:
    """End a series, and cancel the occurrence that waits. Of that alone: cancel the event."""
    from tocsin import pipeline

    cancelled = pipeline.cancel(series_id=series_id, by=by_whom())
    click.echo(f"Series {series_id} is over; {cancelled} that waited will not be told.")
