"""`tocsin tasks`: what runs again and again, how it last ended, and what did not run."""

from __future__ import annotations

import click

from tocsin.cli.lazy import Command
from tocsin.cli.output import as_json_option, local_time, print_json, print_rows

COLUMNS = ("task", "status", "last ended", "expected by", "missing since")


@click.group("tasks")
def tasks() -> None:
    """Look after what is reported by `tocsin run` and `tocsin.task`."""


@tasks.command("list", cls=Command, example="tocsin tasks list --json")
@click.option("--organization", default="", metavar="SLUG", help="Only of this organization.")
@as_json_option
def list_(organization: str, *, as_json: bool) -> None:
    """List the tasks that were reported, how they last ended, and those that are missing."""
    from tocsin.cli.lookups import find_organization
    from tocsin.sources.tasks.models import Task

    found = Task.objects.select_related("organization").order_by("organization", "name")
    if organization:
        found = found.filter(organization=find_organization(organization))
    if as_json:
        print_json(
            [
                {
                    "organization": one.organization.slug, "name": one.name, "status": one.last_status or None,
                    "finished_at": one.last_finished_at, "every_seconds": one.every_seconds,
                    "grace_seconds": one.grace_seconds, "expected_by": one.expected_by, "missed_at": one.missed_at,
                }
                for one in found
            ]
        )  # fmt: skip
        return
    rows = [
        (one.name, one.last_status, *map(local_time, (one.last_finished_at, one.expected_by, one.missed_at)))
        for one in found
    ]
    print_rows(COLUMNS, rows, empty="No task has been reported yet. Report one with: tocsin run -- COMMAND")


@tasks.command("forget", cls=Command, example='tocsin tasks forget "nightly import"')
@click.argument("name")
@click.option(
    "--organization", default="", metavar="SLUG", help="Of this organization; else the implicit one."
)
def forget(name: str, organization: str) -> None:
    """Delete a task with its runs and logs, and expect it no more."""
    from tocsin.errors import NotFound
    from tocsin.sources.tasks.models import Task
    from tocsin.tenants.organizations import organization_id

    if not Task.objects.filter(organization=organization_id(organization), name=name).delete()[0]:
        raise NotFound(f"There is no task {name!r}.")
    click.echo(f"Task {name} is forgotten.")
