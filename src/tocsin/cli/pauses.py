"""`tocsin pause` and `tocsin resume`."""

from __future__ import annotations

import click

from tocsin.cli.lazy import command
from tocsin.cli.output import program
from tocsin.cli.whoami import whoami

channel_option = click.option(
    "--channel", default="", metavar="SLUG", help="This channel. Default: all of them."
)


@command("pause", example="tocsin pause --channel email\ntocsin pause")
@channel_option
def pause(channel: str) -> None:
    """Stop sending. What is accepted meanwhile waits; what is in hand is finished."""
    from tocsin.channels import registry
    from tocsin.deliveries import pauses

    pauses.pause(registry.carrier(channel).slug if channel else "", by=whoami())
    option = f" --channel {channel}" if channel else ""
    click.echo(f"{_what(channel)} is paused. Go on with: {program()} resume{option}")


@command("resume", example="tocsin resume --channel email\ntocsin resume")
@channel_option
def resume(channel: str) -> None:
    """Go on sending."""
    from tocsin.channels import registry
    from tocsin.cli.output import warn
    from tocsin.deliveries import pauses

    before = pauses.paused()
    if channel not in before:
        registry.carrier(channel) if channel else None
        click.echo(f"{_what(channel)} was not paused.")
        return
    pauses.resume(channel)
    click.echo(f"{_what(channel)} goes on.")
    if rest := [name for name in before if name != channel]:
        warn(f"still paused: {', '.join(name or 'everything' for name in rest)}.")


def _what(channel: str) -> str:
    return f"Channel {channel}" if channel else "Sending as a whole"
