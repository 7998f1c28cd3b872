"""The way in: help, examples, names that are almost right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from tocsin.cli import cli

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def commands(group=cli, path=()):
    context = click.Context(group, info_name="tocsin")
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))
        elif name != "reference":
            yield (*path, name)


def test_help_loads_neither_django_nor_a_command():
    code = (
        "import sys\n"
        "from tocsin.cli import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'django', 'rich', 'uvicorn', 'pydantic', 'pycurl'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "See it all at work" in done.stdout


@pytest.mark.parametrize(
    "arguments", [("run", "--", "false"), ("notify", "message:internal", "--title", "x", "--to", "user:ana")]
)
def test_what_is_started_often_waits_for_no_package_that_it_does_not_need(shell, arguments):
    code = (
        "import atexit, sys\n"
        "heavy = {'apprise', 'markdown_it', 'nh3', 'ninja', 'phonenumbers', 'pydantic', 'uvicorn'}\n"
        "atexit.register(lambda: print('loaded', sorted(heavy & set(sys.modules))))\n"
        "from tocsin.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=shell.environment, cwd=shell.home,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.endswith("loaded []\n"), done


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_an_example(path):
    command, context = cli, click.Context(cli, info_name="tocsin", **cli.context_settings)
    for name in path:
        command = command.get_command(context, name)
        context = click.Context(command, parent=context, info_name=name)
    text = command.get_help(context)
    assert "-h, --help" in text  # click keeps the option that the first context asked for
    assert (
        f"Example:\n  tocsin {' '.join(path)}" in text
        or f"tocsin {' '.join(path)}" in text.partition("Example:")[2]
    )


def test_every_command_stands_in_the_overview(empty):
    said = empty.run("--help")
    assert all(name in said for name, *_ in commands())


@pytest.mark.parametrize(("given", "meant"), [("explian", "explain"), ("notfy", "notify")])
def test_a_command_that_is_almost_right(empty, given, meant):
    assert f"Did you mean '{meant}'?" in empty.refused(given)


@pytest.mark.parametrize("page", ["cli", "settings"])
def test_the_reference_is_that_of_the_code(empty, page):
    assert (REFERENCE / f"{page}.md").read_text(encoding="utf-8") == empty.run("reference", page) + "\n"
    assert not list(empty.home.iterdir())
