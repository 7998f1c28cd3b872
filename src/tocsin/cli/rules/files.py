"""`tocsin rules check | apply | export`: rules as a file, with tests of who is told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.lazy import Command
from tocsin.cli.output import as_json_option, print_json
from tocsin.cli.rules import words
from tocsin.cli.whoami import by_whom

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.cli.rules.trial import Trial
    from tocsin.rules.as_code import Change, RuleFile

SIGNS = {
    "create": ("+", "green"), "change": ("~", "yellow"), "delete": ("-", "red"), "keep": ("=", ""), "left": ("·", ""),
}  # fmt: skip


def _file(function: Callable[..., Any]) -> Callable[..., Any]:
    function = as_json_option(function)
    function = click.option(
        "--prune", is_flag=True, help="Delete the organization's rules that it does not name."
    )(function)
    return click.argument("file", metavar="FILE.yaml", type=click.File("rb"))(function)


@click.command("check", cls=Command, example="tocsin rules check rules.yaml")
@_file
def check(file: Any, *, prune: bool, as_json: bool) -> None:
    """Say what FILE would change, and run its tests. Nothing is saved. Exit code 1 if a test fails."""
    _carry_on(file, prune=prune, as_json=as_json, save=False)


@click.command("apply", cls=Command, example="tocsin rules apply rules.yaml --prune")
@_file
def apply(file: Any, *, prune: bool, as_json: bool) -> None:
    """Save the rules of FILE, all or none, if all of its tests pass.

    A rule is known by its name. Those of the organization that FILE does not name stay, unless --prune.
    """
    _carry_on(file, prune=prune, as_json=as_json, save=True)


@click.command("export", cls=Command, example="tocsin rules export --organization acme > rules.yaml")
@click.option(
    "--organization", default="", metavar="SLUG", help="Whose rules. Default: the implicit organization."
)
def export(organization: str) -> None:
    """Write the rules of an organization as a file that `apply` takes."""
    from tocsin.cli.lookups import find_organization
    from tocsin.rules.as_code import written

    click.echo(written(find_organization(organization)), nl=False)


def _carry_on(file: Any, *, prune: bool, as_json: bool, save: bool) -> None:
    from tocsin.cli.rules.trial import run, unfit
    from tocsin.rules.as_code import carry_out, changes, left, read
    from tocsin.rules.yaml_files import MAX_BYTES

    said = read(file.read(MAX_BYTES + 1))
    said.errors += unfit(said)
    found = changes(said, prune=prune)
    trials = run(said, found)
    passed = all(trial.passed for trial in trials)
    saved = save and passed
    if saved:
        carry_out(found, said.place, f"{by_whom()}: {file.name}")
    others = [] if prune else left(said, found)
    if as_json:
        print_json(_as_json(found, trials, others, saved=saved))
    else:
        _print(said, found, trials, others)
        _sum_up(found, save=save, saved=saved)
    if not passed:
        sys.exit(1)


def _as_json(
    found: Sequence[Change], trials: Sequence[Trial], others: Sequence[str], *, saved: bool
) -> dict[str, Any]:
    return {
        "saved": saved,
        "rules": [{"action": one.action, "name": one.name, "differs": one.differs} for one in found],
        "left": list(others),
        "tests": [trial._asdict() for trial in trials],
    }


def _print(said: RuleFile, found: Sequence[Change], trials: Sequence[Trial], others: Sequence[str]) -> None:
    for one in found:
        _line(one.action, one.name)
        if one.action == "change":
            for name, pair in one.differs.items():
                words.say(iter([f"    {words.differing({name: pair})}"]))
    for name in others:
        _line("left", f"{name} (not in the file)")
    for trial in trials:
        sign = click.style("✓", fg="green") if trial.passed else click.style("✗", fg="red")
        click.echo(f"{sign} {trial.name}")  # one line of printable characters, as `read` saw to
        words.say(iter(f"    {line}" for line in trial.said))


def _line(action: str, text: str) -> None:
    sign, color = SIGNS[action]
    click.echo(f"{click.style(sign, fg=color or None)} {text}")


def _sum_up(found: Sequence[Change], *, save: bool, saved: bool) -> None:
    changed = sum(one.action != "keep" for one in found)
    if saved:
        click.echo(f"{changed} saved." if changed else "Nothing to change.")
    elif save:
        click.echo("Nothing is saved, because a test failed.", err=True)
    else:
        click.echo(f"{changed} would be changed. Nothing is saved by check.")
