"""How rules are printed: a row each, or one of them in full."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.rules.models import Rule

COLUMNS = ("id", "owner", "name", "about", "tells", "state")
OPERATOR = "the operator"


def rows(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """What `--json` prints of rules."""
    from tocsin.rules.bodies import bodies_of
    from tocsin.rules.save import specs_of

    specs = specs_of(rules)
    return [
        {
            "id": str(rule.pk),
            "owner": owner_of(rule),
            **body,
            "version": rule.version,
            "updated_at": rule.updated_at,
            "deleted_at": rule.deleted_at,
        }
        for rule, body in zip(rules, bodies_of(specs), strict=True)
    ]


def operator_rows() -> list[dict[str, Any]]:
    """The same of the rules in the settings, which are only read. Their addresses are counted, not shown."""
    from tocsin.rules.bodies import bodies_of
    from tocsin.rules.operator import operator_rules

    rules = operator_rules()
    kept = {"version": None, "updated_at": None, "deleted_at": None}
    return [
        {"id": rule.layer, "owner": OPERATOR, **body, "targets": len(rule.targets), **kept}
        for rule, body in zip(rules, bodies_of([rule.spec for rule in rules]), strict=True)
    ]


def owner_of(rule: Rule) -> str:
    """The owner as `add` takes it; of a person's rule also in which organization it is."""
    slug = rule.organization.slug
    return f"org:{slug}" if rule.user is None else f"user:{rule.user.get_username()} in {slug}"


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of the table."""
    about = ", ".join(row["event_types"])
    if row["level"] != "info":
        about += f" from {row['level']}"
    return (row["id"], row["owner"], row["name"], about, tells(row), state_of(row))


def tells(row: Mapping[str, Any]) -> str:
    """Whom a rule tells, and by what, on one line."""
    if row["service"]:
        return f"{row['service']}: {row['target']} {row['target_identifier']}".rstrip()
    if row["owner"] == OPERATOR:
        return f"{row['targets']} of its own by {', '.join(row['channels'])}"
    if row["destinations"]:
        return "destinations " + ", ".join(row["destinations"])
    who = ", ".join(row["to"]) or "its owner"
    return f"{who} by {', '.join(row['channels'])}" if row["channels"] else who


def state_of(row: Mapping[str, Any]) -> str:
    """Whether it is in use."""
    return "deleted" if row["deleted_at"] else "on" if row["active"] else "off"


def in_full(row: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one rule."""
    number = row["id"] if row["owner"] == OPERATOR else f"rule:{row['id']}@{row['version']}"
    yield f"{number} “{row['name']}” of {row['owner']} ({state_of(row)})"
    yield f"  about      {', '.join(row['event_types'])}, {row['level']} or worse"
    if row["projects"]:
        yield f"  projects   {', '.join(row['projects'])}"
    if row["condition"]:
        yield "  if"
        yield from (f"    {line}" for line in condition_lines(row["condition"]))
    if row["hours"]:
        yield f"  within     {json.dumps(row['hours'], ensure_ascii=False)}"
    yield f"  tells      {tells(row)}"
    if row["options"]:
        yield f"  with       {json.dumps(row['options'], ensure_ascii=False)}"
    if row["stop"]:
        yield "  then       no later rule of the same owner is asked"


def condition_lines(tree: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """A condition, a line for each comparison, indented by what it stands in."""
    from tocsin.rules.operators import OPERATORS

    indent = "  " * depth
    if "field" in tree:
        wanted = json.dumps(tree["value"], ensure_ascii=False)
        yield f"{indent}{tree['field']} {OPERATORS[tree['op']].words} {wanted}"
        return
    [(name, inner)] = tree.items()
    yield f"{indent}{ {'all': 'all of', 'any': 'any of', 'not': 'not'}[name] }"
    for child in [inner] if name == "not" else inner:
        yield from condition_lines(child, depth + 1)


def differing(differs: Mapping[str, Sequence[Any]]) -> str:
    """What is different, on one line."""
    from tocsin.rules.bodies import DEFAULTS

    return "; ".join(
        f"{name} {json.dumps(before, ensure_ascii=False)} → {json.dumps(after, ensure_ascii=False)}"
        if before is not None
        else f"{name} {json.dumps(after, ensure_ascii=False)}"
        for name, (before, after) in differs.items()
        if before is not None or after != DEFAULTS.get(name)
    )


def say(lines: Iterator[str]) -> None:
    """Print lines; what was stored may hold escape codes, and a terminal must not act on them."""
    for line in lines:
        click.echo("".join(char if char.isprintable() else " " for char in line))
