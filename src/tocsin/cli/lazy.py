"""Groups that import a command when it is called, and commands that set Django up when they run."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class LazyGroup(click.Group):
    """A group that knows of its commands only where they are and what they are for."""

    def __init__(
        self, *args: Any, sections: Mapping[str, Mapping[str, tuple[str, str]]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        self.places = {name: place for members in sections.values() for name, (place, _) in members.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.places:
            return None
        module, _, name = self.places[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"tocsin.cli.{module}"), name)
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The names of the commands with what they are for, without importing any of them."""
        from click.shell_completion import CompletionItem

        said = {
            name: short
            for section, members in self.sections.items()
            if section
            for name, (_, short) in members.items()
        }
        found = [
            CompletionItem(name, help=short) for name, short in said.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from tocsin.cli.failures import no_such_command

        if args and not args[0].startswith("-") and args[0] not in self.places:
            raise no_such_command(args[0], self.places, ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.places))
        for section, members in self.sections.items():
            if section:
                with formatter.section(section):
                    formatter.write_dl([(name.ljust(width), short) for name, (_, short) in members.items()])


class Command(click.Command):
    """A command that works on Django's side: sets it up, and turns what is raised into a line and an exit code."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        if example:
            kwargs["epilog"] = "\b\nExample:\n" + "\n".join(
                f"  {line}" for line in example.strip().splitlines()
            )
        super().__init__(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        from tocsin.cli.failures import as_click

        try:
            set_up_django()
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.find_root().params.get("traceback"):
                raise
            raise as_click(error) from error


def command(name: str, *, example: str, **kwargs: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Decorator for a `Command`; its example stands under its --help."""
    return click.command(name, cls=Command, example=example, **kwargs)


def set_up_django() -> None:
    """Load Django with the standalone settings, unless a project has been loaded already."""
    import django
    from django.apps import apps

    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
        django.setup()


def is_standalone() -> bool:
    """Whether the settings are our own, and not those of a host project."""
    from django.conf import settings

    return bool(settings.SETTINGS_MODULE == "tocsin.server.settings")
