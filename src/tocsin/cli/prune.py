"""`tocsin prune`: delete what is over and old."""

from __future__ import annotations

from datetime import timedelta

import click

from tocsin.cli.lazy import command
from tocsin.cli.output import as_json_option, print_json, progress


@command("prune", example="tocsin prune\ntocsin prune --ledger-days 30 --json")
@click.option("--inbox-days", type=click.IntRange(1), metavar="DAYS", help="Keep read inbox items so long.")
@click.option("--ledger-days", type=click.IntRange(1), metavar="DAYS", help="Keep finished events so long.")
@as_json_option
def prune(inbox_days: int | None, ledger_days: int | None, *, as_json: bool) -> None:
    """Delete what is old: read inbox items, finished events, runs of tasks, ended series, replaced versions.

    Versions are those of rules and templates. How old is said by RETENTION in the settings. What is unread, unsent
    or not confirmed stays, whatever its age. It works in small batches beside everything else: run it once a day.
    """
    from tocsin import clock, conf, values
    from tocsin.deliveries.prune import prune_events, prune_series, prune_templates, prune_versions
    from tocsin.inbox.prune import prune_items
    from tocsin.sources.tasks.prune import prune_runs

    kept = values.RETENTION | conf.get("RETENTION")
    now = clock.now()
    inbox = now - timedelta(days=inbox_days or kept["inbox_days"])
    ledger = now - timedelta(days=ledger_days or kept["ledger_days"])
    items = sum(progress(prune_items(inbox), "inbox items"))
    batches = list(progress(prune_events(ledger), "events"))
    gone = {
        "inbox_items": items,
        "events": sum(events for events, _ in batches),
        "deliveries": sum(deliveries for _, deliveries in batches),
        "task_runs": prune_runs(ledger),
        "series": prune_series(ledger),
        "rule_versions": prune_versions(ledger),
        "template_versions": prune_templates(ledger),
    }
    if as_json:
        print_json(gone)
        return
    for name, number in gone.items():
        click.echo(f"{number} {name.replace('_', ' ')}")
