"""`tocsin deliveries`: the ledger from the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.lazy import Command
from tocsin.cli.output import as_json_option, in_words, local_time, print_json, print_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.deliveries.story import Line

COLUMNS = ("delivery", "channel", "to", "state", "attempt", "since", "in words")
MOST = 200
STATES = ("pending", "sending", "retrying", "deferred", "sent", "dead", "skipped", "cancelled", "expired")

LIST_EXAMPLE = """
tocsin deliveries list --state dead
tocsin deliveries list --event 0199f7c2-5d0b-7c31-9d3a-0b1f6a2e4c55 --json
"""
RETRY_EXAMPLE = """
tocsin deliveries retry d12 d13
tocsin deliveries retry --channel webhook
"""


def _filters(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option("--event", metavar="ID", help="Only of this event.")(function)
    return click.option("--channel", metavar="SLUG", default="", help="Only on this channel.")(function)


@click.group("deliveries")
def deliveries() -> None:
    """List deliveries; send dead ones again."""


@deliveries.command("list", cls=Command, example=LIST_EXAMPLE)
@_filters
@click.option("--state", type=click.Choice(STATES), default=None, help="Only in this state.")
@click.option("--user", metavar="NAME", help="Only to this person: the key or the user name.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, at most."
)
@as_json_option
def list_(*, limit: int, as_json: bool, **filters: Any) -> None:
    """List deliveries, the newest first."""
    found = [line for line, _ in zip(_lines(**filters), range(limit), strict=False)]
    if as_json:
        print_json([_as_json(line) for line in found])
        return
    rows = [
        (
            line.id,
            line.channel,
            line.label or line.address,
            line.state,
            line.attempt or "",
            local_time(line.finished_at or line.created_at),
            in_words(line),
        )
        for line in found
    ]
    print_rows(COLUMNS, rows, empty="There are no such deliveries.")


@deliveries.command("retry", cls=Command, example=RETRY_EXAMPLE)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_filters
@click.pass_context
def retry(ctx: click.Context, ids: tuple[str, ...], event: str | None, channel: str) -> None:
    """Send dead deliveries again: those named, or all that are dead of an event or on a channel.

    The id of an event that is itself dead has it planned again.
    """
    from tocsin import pipeline

    if bool(ids) == bool(event or channel):
        raise click.UsageError("Name deliveries, or --event or --channel; not both, and not neither.", ctx)
    if ids:
        again = pipeline.replay(ids)
        over = len(ids) - again
    else:
        chosen = [line.id for line in _lines(event=event, channel=channel, state="dead")]
        done = [pipeline.replay_some(chosen[at : at + MOST]) for at in range(0, len(chosen), MOST)]
        again, over = sum(one.again for one in done), sum(one.over for one in done)
    if over:
        click.echo(f"{over} not sent again: the event has expired, or was cancelled.")
    click.echo(f"{again} on the way again." if again or over else "None of them is dead.")


def _lines(
    *, event: str | None = None, channel: str = "", state: str | None = None, user: str | None = None
) -> Iterator[Line]:
    from tocsin.channels import registry
    from tocsin.cli.lookups import find_event, find_user
    from tocsin.deliveries import story
    from tocsin.tenants.scope import OPERATOR

    found = find_event(event) if event else None
    person = find_user(user) if user else None
    slug = registry.carrier(channel).slug if channel else ""
    after = ""
    while True:
        page = story.lines(
            OPERATOR, event=found, user=person, channel=slug, state=state or "", after=after, limit=MOST
        )
        yield from page.items
        if not page.next:
            return
        after = page.next


def _as_json(line: Line) -> dict[str, Any]:
    names = (
        "id",
        "event_id",
        "channel",
        "user_id",
        "label",
        "address",
        "state",
        "reason",
        "sentence",
        "due_at",
        "created_at",
        "finished_at",
        "attempt",
        "read_at",
    )
    return {name: getattr(line, name) for name in names}
