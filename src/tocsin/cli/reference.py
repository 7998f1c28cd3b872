"""`tocsin reference`: pages of the documentation that are made from the code. Hidden: it is for `make docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 100


@click.command("reference")
@click.argument("page", type=click.Choice(["channels", "cli", "openapi", "settings"]))
def reference(page: str) -> None:
    """Print a page of the documentation."""
    pages = {"channels": channels_page, "cli": cli_page, "openapi": openapi_page, "settings": settings_page}
    click.echo("\n".join(pages[page]()))


def channels_page() -> Iterator[str]:
    """Markdown: what each built-in channel shows, how much of it, and what else it can do."""
    from tocsin.channels import registry
    from tocsin.channels.facts import capabilities, limits
    from tocsin.channels.offers import EXTRAS
    from tocsin.cli.channels import at_most
    from tocsin.cli.lazy import set_up_django

    set_up_django()
    yield from (
        "# What each channel supports",
        "",
        "This page is made from the code: `tocsin reference channels > docs/reference/channels.md`. Of the channels",
        "that you have, those of other packages too, `tocsin channels` and `GET /api/v1/channels` say the same.",
        "",
        f"| channel | shows | at most | {' | '.join(CAPABILITIES.values())} | a claim | deadline | needs |",
        "|---|---|---|" + "---|" * len(CAPABILITIES) + "---|---|---|",
    )
    for channel in registry.built_in():
        about, able = limits(channel), capabilities(channel)
        cells = [
            f"[{channel.label}](../channels/{channel.slug}.md) `{channel.slug}`",
            ", ".join(about["formats"]),
            at_most(about),
            *("yes" if name in able else "" for name in CAPABILITIES),
            str(about["batch_size"]),
            f"{about['deadline_seconds']:g} s",
            f"`tocsin[{EXTRAS[channel.slug]}]`" if channel.slug in EXTRAS else "",
        ]
        yield f"| {' | '.join(cells)} |"
    yield from ("", *CHANNELS_KEY.strip().splitlines())


CAPABILITIES = {
    "updates": "updates",
    "threads": "threads",
    "closes": "closes",
    "receipts": "receipts",
    "addresses": "bare addresses",
    "account_email": "account e-mail",
    "in_app": "in the app",
}
CHANNELS_KEY = """
- **shows**: what the far side makes of a message. The body of an event is Markdown; each channel turns it into this.
- **at most**: a longer text is shortened and says so, or the message is rejected (`too_large`); the channel's page
  says which.
- **updates**: a later event of the same `group_key` changes the message that was sent. **threads**: it is sent as a
  reply to it. Slack does so by a token alone, GitHub not in its mode `dispatch`.
- **closes**: what it makes stays open until a `resolved` event of the group closes it; where nothing is open, nothing
  is sent ([one story of several events](../how-to/groups.md)).
- **receipts**: the far side names each message that it takes, and the ledger keeps that name.
- **bare addresses**: `to=["email:ops@example.com"]` needs no destination. **account e-mail**: everyone with an
  address in their account can be reached without one.
- **in the app**: the far side is the inbox; there is nothing to set up.
- **a claim**: how many messages are taken at once. **deadline**: how long one message may take before it is tried
  again.
- **needs**: the extra to install, as in `pip install "tocsin[sms]"`.
"""


def openapi_page() -> Iterator[str]:
    """JSON: the description of the HTTP API, as `GET /api/v1/openapi.json` of the standalone server."""
    import json

    from tocsin.cli.lazy import set_up_django

    set_up_django()
    from tocsin.api import urls  # noqa: F401 (declares the routes)
    from tocsin.api.routes import api

    yield json.dumps(
        api.get_openapi_schema(path_prefix="/api/v1/"), indent=1, ensure_ascii=False, default=str
    )


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
