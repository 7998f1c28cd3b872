"""A condition as rows of a form: groups and comparisons, each with its depth, and the tree of them again. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from tocsin.events.ids import number_of
from tocsin.rules.operators import OPERATORS
from tocsin.rules.reading import MOST_DEPTH, MOST_LEAVES
from tocsin.web.rules.values import PRESENCE, read, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEAF = "leaf"
KINDS = {
    "all": _("all of these hold"),
    "any": _("any of these holds"),
    "none": _("none of these holds"),
    "not_all": _("not all of these hold"),
}
MOST_ROWS = 3 * MOST_LEAVES
CHOICES = [
    *((name, operator.words) for name, operator in OPERATORS.items()),
    ("missing", _("does not exist")),
]


@dataclasses.dataclass(slots=True)
class Row:
    """A group, or a comparison in the group above it that is one less deep."""

    depth: int
    kind: str
    field: str = ""
    op: str = "is"
    value: str = ""
    number: int = 0
    errors: list[str] = dataclasses.field(default_factory=list)

    @property
    def is_group(self) -> bool:
        return self.kind != LEAF

    @property
    def may_nest(self) -> bool:
        """Whether one more group fits below. A negated one takes two levels; saving says where that is too deep."""
        return self.depth + 2 < MOST_DEPTH

    @property
    def is_blank(self) -> bool:
        return not self.is_group and not self.field.strip() and not self.value.strip()

    @property
    def takes_value(self) -> bool:
        return self.op not in PRESENCE


def rows_of(tree: Mapping[str, Any] | None) -> list[Row]:
    """The rows of a condition; a group of all where there is none."""
    rows: list[Row] = []
    if tree is None:
        rows = [Row(0, "all")]
    elif "field" in tree:
        rows = [Row(0, "all"), _leaf(tree, 1)]
    else:
        _walk(tree, 0, rows)
    return numbered(rows)


def _walk(tree: Mapping[str, Any], depth: int, rows: list[Row]) -> None:
    if "field" in tree:
        rows.append(_leaf(tree, depth))
        return
    kind, children = _group(tree)
    rows.append(Row(depth, kind))
    for child in children:
        _walk(child, depth + 1, rows)


def _group(tree: Mapping[str, Any]) -> tuple[str, list[Any]]:
    if "not" not in tree:
        [(kind, children)] = tree.items()
        return kind, children
    inner = tree["not"]
    if "all" in inner:
        return "not_all", inner["all"]
    return "none", inner.get("any", [inner])


def _leaf(tree: Mapping[str, Any], depth: int) -> Row:
    op, value = tree["op"], tree["value"]
    if op == "exists" and value is False:
        op = "missing"
    return Row(depth, LEAF, tree["field"], op, write(op, value))


def tree_of(rows: list[Row]) -> tuple[Any, dict[str, Row]]:
    """The condition that rows make, None for no comparison, and each path's row in it. Blank rows say nothing."""
    if not rows:
        return None, {}
    places: dict[str, Row] = {}
    made, _end = _made(rows, 0, "condition", places)
    return made, places


def _made(rows: list[Row], at: int, path: str, places: dict[str, Row]) -> tuple[Any, int]:
    row = rows[at]
    if not row.is_group:
        places[path] = row
        op = "exists" if row.op in PRESENCE else row.op
        return {"field": row.field.strip(), "op": op, "value": read(row.op, row.value)}, at + 1
    inside, begin = (f"{path}.not" if row.kind in ("none", "not_all") else path), at + 1
    name = "all" if row.kind in ("all", "not_all") else "any"
    children: list[Any] = []
    at = begin
    while at < len(rows) and rows[at].depth > row.depth:
        if rows[at].is_blank:
            at += 1
            continue
        child, at = _made(rows, at, f"{inside}.{name}.{len(children)}", places)
        if child is not None:
            children.append(child)
    places[path] = places[inside] = places[f"{inside}.{name}"] = row
    if not children:
        return None, at
    made: dict[str, Any] = {name: children}
    return ({"not": made} if row.kind in ("none", "not_all") else made), at


def place(errors: Mapping[str, str], places: Mapping[str, Row]) -> list[str]:
    """Put each error beside the row that its path leads to; what leads to none is returned."""
    left = []
    for path, said in errors.items():
        steps = path.split(".")
        known = next((p for n in range(len(steps), 0, -1) if (p := ".".join(steps[:n])) in places), None)
        if known is None:
            left.append(said)
        else:
            places[known].errors.append(said)
    return left


def posted(form: Mapping[str, str]) -> list[Row]:
    """The rows of a form that was sent: as they are, or as the first button of them that was pressed wants them."""
    rows = list(_read(form))
    if not rows or not rows[0].is_group or rows[0].depth:
        rows = [Row(0, "all"), *rows]
    for row, before in zip(rows[1:], rows, strict=False):
        row.depth = max(1, min(row.depth, before.depth + before.is_group, MOST_DEPTH))
    return numbered(rows)


def _read(form: Mapping[str, str]) -> Iterator[Row]:
    for number in range(MOST_ROWS):
        kind = form.get(f"c{number}-kind")
        if kind is None:
            return
        depth = form.get(f"c{number}-depth", "")
        yield Row(
            int(depth) if depth in map(str, range(MOST_DEPTH + 1)) else 0,
            kind if kind in KINDS else LEAF,
            form.get(f"c{number}-field", "")[:1000],
            form.get(f"c{number}-op", "is")[:20],
            form.get(f"c{number}-value", ""),
        )


def changed(rows: list[Row], wanted: str) -> list[Row]:
    """The rows after a button: "leaf:2" and "group:2" add to the group in row 2, "drop:3" takes row 3 and its own."""
    verb, _colon, number = wanted.partition(":")
    at = number_of(number)
    if at is None or at >= len(rows):
        return rows
    end = at + 1
    while end < len(rows) and rows[end].depth > rows[at].depth:
        end += 1
    depth = rows[at].depth + 1
    if verb == "leaf" and rows[at].is_group and len(rows) < MOST_ROWS:
        rows = [*rows[:end], Row(depth, LEAF), *rows[end:]]
    elif verb == "group" and rows[at].is_group and rows[at].may_nest and len(rows) + 1 < MOST_ROWS:
        rows = [*rows[:end], Row(depth, "any"), Row(depth + 1, LEAF), *rows[end:]]
    elif verb == "drop" and at:
        rows = [*rows[:at], *rows[end:]]
    return numbered(rows)


def numbered(rows: list[Row]) -> list[Row]:
    """The rows with the numbers by which the form names them."""
    for number, row in enumerate(rows):
        row.number = number
    return rows
