"""`tocsin completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from tocsin.cli.output import program

SHELLS = ("bash", "zsh", "fish")
EXAMPLE = """\b
Example:
  tocsin completion bash > ~/.local/share/bash-completion/completions/tocsin
  tocsin completion zsh > ~/.zfunc/_tocsin
  tocsin completion fish > ~/.config/fish/completions/tocsin.fish
"""


@click.command("completion", epilog=EXAMPLE)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL, to be put where that shell looks for them."""
    name = program()
    if " " in name:
        raise click.UsageError("A shell completes tocsin, not manage.py.", ctx)
    found = get_completion_class(shell)
    assert found is not None, shell  # noqa: S101 (click has these three)
    variable = f"_{name.upper().replace('-', '_')}_COMPLETE"
    click.echo(found(ctx.find_root().command, {}, name, variable).source())
