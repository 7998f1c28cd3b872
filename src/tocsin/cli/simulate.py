"""`tocsin simulate`: who would be told of an event, and what a rule would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.json_option import json_option
from tocsin.cli.lazy import command
from tocsin.cli.moments import moment_option
from tocsin.cli.output import as_json_option, print_json, print_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.deliveries.simulate import Simulation, Told
    from tocsin.rules.match import RuleDraft

EXAMPLE = """
tocsin simulate disk:full --level error --data '{"host": "db1"}' --organization acme
tocsin simulate disk:full --at 2030-12-24T03:00:00+01:00 \\
    --rule '{"name": "Night", "event_types": ["disk:*"], "to": ["role:admin"], "channels": ["sms"]}'
tocsin simulate disk:full --without 12
"""
COLUMNS = ("", "who", "channel", "state", "why")


@command("simulate", example=EXAMPLE)
@click.argument("type", metavar="TYPE")
@click.option("--title", default="Simulation", show_default=True, metavar="TEXT")
@click.option("--body", metavar="MARKDOWN", help="As of the event.")
@click.option("--level", metavar="LEVEL", help="Default: the type's.")
@click.option("--data", metavar="JSON", callback=json_option, help="The event's values, as an object.")
@click.option("--to", multiple=True, metavar="AUDIENCE", help="Whom the event names; rules add others.")
@click.option("--channel", metavar="SLUG", help="This channel alone, in place of the type's.")
@click.option("--actor", metavar="NAME", help="Who did it, such as user:7.")
@click.option("--group-key", metavar="KEY")
@click.option("--organization", metavar="SLUG", help="Default: the implicit organization.")
@click.option("--project", metavar="SLUG")
@click.option("--at", metavar="TIME", callback=moment_option, help="When it happens. Default: now.")
@click.option(
    "--rule", "draft", metavar="JSON", callback=json_option, help="With this rule of the organization too."
)
@click.option("--without", type=int, metavar="ID", help="Without this rule; with --rule: that in its place.")
@as_json_option
def simulate(draft: dict[str, Any] | None, without: int | None, *, as_json: bool, **given: Any) -> None:
    """Say who would be told of an event of TYPE, by what, and why. Nothing is stored or sent.

    With --rule or --without also what that adds (+) and removes (-).
    """
    from tocsin import pipeline

    at = given.pop("at")
    fields = {name: value for name, value in given.items() if value not in (None, ())}
    fields["to"] = list(given["to"])
    drafts = _drafts(draft, without, fields.get("organization", ""))
    found = pipeline.simulate(fields, at=at, drafts=drafts)
    if as_json:
        print_json(found.as_json())
    else:
        _print(found)


def _drafts(given: dict[str, Any] | None, without: int | None, organization: str) -> list[RuleDraft]:
    from tocsin.cli.lookups import find_organization
    from tocsin.errors import FieldError, InvalidInput, NotFound
    from tocsin.rules.match import RuleDraft
    from tocsin.rules.models import Rule
    from tocsin.rules.spec import Place, parse_spec

    if given is None and without is None:
        return []
    owner = find_organization(organization)
    user = None
    if without is not None:
        rule = Rule.objects.filter(pk=without, organization=owner.pk, deleted_at=None).first()
        if rule is None:
            raise NotFound(f"There is no rule {without} of {owner.slug}.")
        user = rule.user_id
    if given is None:
        return [RuleDraft(None, user, without)]
    try:
        return [RuleDraft(parse_spec(given, Place(owner.pk, user)), user, without)]
    except InvalidInput as error:
        raise InvalidInput(
            *(FieldError(f"rule.{one.field}", one.message, one.remedy) for one in error.errors)
        ) from None


def _print(found: Simulation) -> None:
    added, removed = {one.subject for one in found.added}, {one.subject for one in found.removed}
    rows = [_row("+" if one.subject in added else "", one) for one in found.told]
    rows += [_row("-", one) for one in found.removed if one.subject in removed]
    if not found.told:
        click.echo(found.sentence)
    print_rows(COLUMNS, rows, empty="Nobody would be told.")
    if found.truncated:
        click.echo("There are more people; these are the first of each audience.")
    for said in found.rules:
        click.echo(said.sentence)


def _row(sign: str, one: Told) -> Sequence[str]:
    why = [one.sentence] if one.sentence else []
    why += [f"until {one.until}"] if one.until else []
    return (sign, one.name or one.address, one.channel, one.state, " ".join([*why, f"({one.layer})"]))
