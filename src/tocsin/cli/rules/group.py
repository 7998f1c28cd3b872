"""`tocsin rules list | show | add | change | delete | undo | history | enable | disable`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.json_option import json_option
from tocsin.cli.lazy import Command
from tocsin.cli.output import as_json_option, local_time, print_json, print_rows, warn
from tocsin.cli.rules import files, words
from tocsin.cli.whoami import by_whom

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.deliveries.lint import Finding
    from tocsin.rules.models import Rule
    from tocsin.rules.spec import Place

LIST_EXAMPLE = """
tocsin rules list --owner org:acme
tocsin rules list --type disk:full --json
"""
ADD_EXAMPLE = """
tocsin rules add org:acme --name "Databases at night" --type "disk:*" --level error \\
    --condition '{"field": "data.host", "op": "starts_with", "value": "db"}' --to role:admin --channel slack
tocsin rules add org:acme --given "$(cat rule.json)"
"""
CHANGE_EXAMPLE = "tocsin rules change 12 --level critical --to role:admin --to user:ana"
HISTORY = ("version", "at", "by", "action", "what differs")

_one = click.argument("number", metavar="ID", type=int)


def _content(function: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--name", metavar="TEXT", help="What people call it."),
        click.option("--type", "event_types", multiple=True, metavar="TYPE", help="invoice:paid, invoice:*, *."),
        click.option("--level", metavar="LEVEL", help="The least level. Default: info."),
        click.option("--condition", metavar="JSON", callback=json_option, help="What else must hold."),
        click.option("--hours", metavar="JSON", callback=json_option, help="When it tells; else it waits."),
        click.option("--project", "projects", multiple=True, metavar="SLUG", help="Only events of this project."),
        click.option("--to", multiple=True, metavar="AUDIENCE", help="Who is told, as in `tocsin notify`."),
        click.option("--channel", "channels", multiple=True, metavar="SLUG", help="By what. Default: the type's."),
        click.option("--destination", "destinations", multiple=True, metavar="ID", help="In place of --to."),
        click.option("--service", metavar="SLUG", help="A channel or a registered service."),
        click.option("--target", metavar="NAME", help="With --service: user, team, specific, destination …"),
        click.option("--target-identifier", metavar="TEXT", help="With --target: which one."),
        click.option("--options", metavar="JSON", callback=json_option, help="With --service: what else it needs."),
        click.option("--position", type=int, metavar="NUMBER", help="Lower ones go first."),
        click.option("--stop/--no-stop", default=None, help="End the later rules of the same owner."),
        click.option("--active/--inactive", default=None, help="Whether it is in use."),
        click.option("--given", metavar="JSON", callback=json_option, help="The rule as one object."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@click.group("rules")
def rules() -> None:
    """Keep the rules: who else hears of what.

    A rule is one organization's, or one person's own. Each change is a version, and can be undone.
    """


for one in (files.check, files.apply, files.export):
    rules.add_command(one)


@rules.command("list", cls=Command, example=LIST_EXAMPLE)
@click.option("--owner", default="", metavar="user:NAME|org:SLUG", help="Only this owner's.")
@click.option("--type", "event_type", default="", metavar="TYPE", help="Only those about this type of event.")
@click.option("--all", "also_deleted", is_flag=True, help="With the deleted ones.")
@as_json_option
def list_(owner: str, event_type: str, *, also_deleted: bool, as_json: bool) -> None:
    """List the rules, those in the settings too."""
    from django.db.models import F

    from tocsin.cli.lookups import find_owner
    from tocsin.conf import check_slug
    from tocsin.events.declared import types_of
    from tocsin.rules.index import patterns_of
    from tocsin.rules.models import Rule
    from tocsin.tenants.models import Organization

    found = Rule.objects.select_related("organization", "user").order_by(
        "organization", F("user").asc(nulls_first=True), "position", "pk"
    )
    if not also_deleted:
        found = found.filter(deleted_at=None)
    if owner:
        whose = find_owner(owner)
        is_organization = isinstance(whose, Organization)
        found = found.filter(organization=whose, user=None) if is_organization else found.filter(user=whose)
    rows = words.rows(list(found)) + ([] if owner else words.operator_rows())
    if event_type:
        patterns = set(patterns_of(check_slug("type", event_type, types_of(None))))
        rows = [row for row in rows if patterns & set(row["event_types"])]
    if as_json:
        print_json(rows)
        return
    print_rows(words.COLUMNS, map(words.cells, rows), empty="There are no such rules.")


@rules.command("show", cls=Command, example="tocsin rules show 12\ntocsin rules show settings:on-call")
@click.argument("number", metavar="ID|settings:NAME")
@as_json_option
def show(number: str, *, as_json: bool) -> None:
    """Show a rule in full, and what is doubtful about it."""
    row, findings, note = _in_full(number)
    if as_json:
        print_json(row | {"warnings": [finding._asdict() for finding in findings], "note": note})
    else:
        words.say(words.in_full(row))
        _say(findings, note)


@rules.command("add", cls=Command, example=ADD_EXAMPLE)
@click.argument("owner", metavar="user:NAME|org:SLUG")
@click.option(
    "--organization", default="", metavar="SLUG", help="Of a person's rule: whose events it is about."
)
@_content
def add(owner: str, organization: str, given: dict[str, Any] | None, **options: Any) -> None:
    """Add a rule and print its number. A person's own rule tells that person, and takes no --to."""
    from tocsin.rules import save

    saved = save.save((given or {}) | _given(options), _place(owner, organization), by_whom())
    click.echo(str(saved.pk))
    _say_doubts(saved)


@rules.command("change", cls=Command, example=CHANGE_EXAMPLE)
@_one
@_content
def change(number: int, given: dict[str, Any] | None, **options: Any) -> None:
    """Change what is given of a rule; the rest stays. A list that is given replaces the one that was."""
    from tocsin.rules import save
    from tocsin.rules.bodies import bodies_of

    new = (given or {}) | _given(options)
    if not new:
        raise click.UsageError("Nothing to change: give an option.", click.get_current_context())
    rule = _live(number)
    [body] = bodies_of([save.spec_of(rule)])
    saved = save.save(body | new, save.place_of(rule), by_whom(), rule, version=rule.version)
    click.echo(f"{saved} is saved.")
    _say_doubts(saved)


@rules.command("delete", cls=Command, example="tocsin rules delete 12")
@_one
def delete(number: int) -> None:
    """Take a rule out of use. `undo` brings it back."""
    from tocsin.rules import save

    rule = _live(number)
    save.delete(rule, by_whom())
    click.echo(f"rule:{rule.pk} {rule.name} is deleted.")


@rules.command("undo", cls=Command, example="tocsin rules undo 12")
@_one
def undo(number: int) -> None:
    """Bring back what a rule was before its last change, a deleted one too."""
    from tocsin.rules import save

    click.echo(f"{save.undo(_find(number), by_whom())} is as it was before.")


@rules.command("history", cls=Command, example="tocsin rules history 12 --json")
@_one
@as_json_option
def history(number: int, *, as_json: bool) -> None:
    """Say who changed a rule, when, and what."""
    from tocsin.rules.history import history_of

    found = history_of(_find(number))
    if as_json:
        print_json(found)
        return
    rows = [
        (one["version"], local_time(one["at"]), one["by"], one["action"], words.differing(one["differs"]))
        for one in found
    ]
    print_rows(HISTORY, rows, empty="")


@rules.command("enable", cls=Command, example="tocsin rules enable 12")
@_one
def enable(number: int) -> None:
    """Use a rule again, from the next event on."""
    _switch(number, active=True)


@rules.command("disable", cls=Command, example="tocsin rules disable 12")
@_one
def disable(number: int) -> None:
    """Stop using a rule, and keep it."""
    _switch(number, active=False)


def _switch(number: int, *, active: bool) -> None:
    from tocsin.rules import save

    rule = _live(number)
    word = "in use" if active else "out of use"
    if rule.active is active:
        click.echo(f"{rule} was {word} already.")
        return
    click.echo(f"{save.switch(rule, by_whom(), active=active)} is {word}.")


def _find(number: int) -> Rule:
    from tocsin.errors import NotFound
    from tocsin.rules.models import Rule

    found: Rule | None = Rule.objects.select_related("organization", "user").filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no rule {number}.")
    return found


def _in_full(number: str) -> tuple[dict[str, Any], list[Finding], str]:
    from tocsin.errors import NotFound
    from tocsin.events.ids import number_of

    own = next((row for row in words.operator_rows() if row["id"] == number), None)
    if own is not None:
        return own, [], ""
    key = number_of(number)
    if key is None:
        raise NotFound(
            f"There is no rule {number!r}. Give its number, or settings:NAME for one in the settings."
        )
    rule = _find(key)
    [row] = words.rows([rule])
    return (row, *_doubts(rule))


def _live(number: int) -> Rule:
    from tocsin.cli.output import program
    from tocsin.errors import Conflict

    found = _find(number)
    if found.deleted_at is not None:
        raise Conflict(f"Rule {number} is deleted. Bring it back with: {program()} rules undo {number}")
    return found


def _place(owner: str, organization: str) -> Place:
    from tocsin.cli.lookups import find_organization, find_owner
    from tocsin.errors import invalid
    from tocsin.rules.spec import Place
    from tocsin.tenants.models import Organization

    whose = find_owner(owner)
    if not isinstance(whose, Organization):
        return Place(find_organization(organization).pk, whose.pk)
    if organization:
        raise invalid("organization", "goes with a person's rule only.", "The owner is the organization.")
    return Place(whose.pk)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in options.items() if value not in (None, ())}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


def _doubts(rule: Rule) -> tuple[list[Finding], str]:
    """What its author should know, and how it is carried out where that is not plain; of a deleted one nothing."""
    from tocsin.deliveries.lint import lint
    from tocsin.rules import registrations, save

    if rule.deleted_at is not None:
        return [], ""
    spec = save.spec_of(rule)
    return lint(spec, save.place_of(rule), rule.pk), registrations.note_of(spec)


def _say_doubts(rule: Rule) -> None:
    _say(*_doubts(rule))


def _say(findings: Sequence[Finding], note: str) -> None:
    for finding in findings:
        warn(finding.sentence)
    if note:
        click.echo(note, err=True)
