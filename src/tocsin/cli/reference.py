"""`tocsin reference`: pages of the documentation that are made from the code. Hidden: it is for `make docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 100


@click.command("reference")
@click.argument("page", type=click.Choice(["cli", "settings"]))
def reference(page: str) -> None:
    """Print a page of the documentation."""
    click.echo("\n".join(cli_page() if page == "cli" else settings_page()))


def settings_page() -> Iterator[str]:
    """Markdown: the variables of the standalone server, and every key of `TOCSIN`."""
    from tocsin import conf
    from tocsin.server.variables import VARIABLES

    yield from (
        "# Settings",
        "",
        "This page is made from the code: `tocsin reference settings > docs/reference/settings.md`.",
        "",
        "## Variables of the standalone server",
        "",
        "A variable that is almost one of these is refused, with the name that was meant.",
        "",
        "| variable | meaning | default | key |",
        "|---|---|---|---|",
    )
    for name, variable in VARIABLES.items():
        key = f"`{variable.setting}`" if variable.setting else ""
        yield f"| `{name}` | {variable.meaning} | {variable.default} | {key} |"
    yield from (
        "",
        "## Keys of `TOCSIN`",
        "",
        (
            "A host writes them into its Django settings, the standalone server into the TOML file that "
            "`TOCSIN_CONFIG` names (see [an example](#an-example)). Unknown keys and values that cannot be are "
            "refused at the start."
        ),
        "",
        "| key | meaning | default |",
        "|---|---|---|",
    )
    for name, setting in sorted(conf.SETTINGS.items()):
        default = f"`{setting.default!r}`" if setting.default not in ("", (), {}) else ""
        yield f"| `{name}` | {setting.meaning} | {default} |"
    yield from ("", "## An example", "", "```toml", *EXAMPLE.strip().splitlines(), "```")


EXAMPLE = """
GIVE_UP_HOURS = 24

[EVENT_TYPES."invoice:paid"]
label = "Invoice paid"
channels = ["message", "email"]
"""


def cli_page() -> Iterator[str]:
    """Markdown: the --help of every command."""
    from tocsin.cli import cli

    yield from (
        "# Command line",
        "",
        "This page is made from the code: `tocsin reference cli > docs/reference/cli.md`.",
        "",
        "`tocsin …` is the standalone server's; in a host project the same commands are `manage.py tocsin …`.",
        "",
        (
            "Exit codes: 0 done, 1 failed, 2 wrong usage or invalid input. What is printed on stdout is the answer "
            "alone (an id, a token, rows); warnings and errors go to stderr. On a terminal, lists are tables; "
            "elsewhere each row is a line, its fields parted by tabs; `--json` prints JSON."
        ),
    )
    yield from _help_of(cli, "tocsin", None)


def _help_of(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = command.make_context(
        name.rpartition(" ")[2],
        [],
        parent,
        resilient_parsing=True,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    yield from ("", f"## `{name}`", "", "```text")
    yield from (line.rstrip() for line in command.get_help(context).splitlines())
    yield "```"
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            if found is not None and sub != "reference":
                yield from _help_of(found, f"{name} {sub}", context)
