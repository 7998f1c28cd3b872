"""Conditions that no event can meet, and those that another one covers. Pure, and never wrong when it says yes."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.events.states import Status
from tocsin.levels import Level
from tocsin.rules.facts import DATA, MISSING
from tocsin.rules.operators import OPERATORS, identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.rules.reading import Tree

MOST_BRANCHES = 200
"""Ways in which a condition may be met that are looked at; with more of them nothing is said."""
CLOSED: dict[str, tuple[str, ...]] = {
    "level": tuple(level.slug for level in Level),
    "status": tuple(Status.values),
}
"""Fields of which all values are known."""
BOUNDS = ("gte", "lte", "between")


class Leaf(NamedTuple):
    """A comparison that must hold, or with `negated` must not."""

    field: str
    op: str
    value: Any
    negated: bool

    def holds(self, seen: Any) -> bool:
        """Whether a value is as this wants it."""
        return OPERATORS[self.op].test(self.field, self.value)(seen) is not self.negated

    @property
    def pins(self) -> list[Any] | None:
        """The only values that it allows; None for no such list."""
        if (self.op, self.negated) in (("is", False), ("is_not", True)):
            return [self.value]
        return list(self.value) if (self.op, self.negated) == ("in", False) else None


Branch = tuple[Leaf, ...]


def is_never(tree: Tree | None) -> bool:
    """Whether no event can meet a condition. False where that cannot be said."""
    found = _branches(tree, negated=False) if tree else None
    return found is not None and all(map(_contradicts, found))


def covers(wide: Tree | None, narrow: Tree | None) -> bool:
    """Whether every event that meets `narrow` meets `wide` too. False where that cannot be said."""
    if wide is None:
        return True
    return is_never({"all": [*([narrow] if narrow else []), {"not": wide}]})


def _branches(tree: Tree, *, negated: bool) -> list[Branch] | None:
    """The ways in which a condition may be met, each a list of what must hold; None for too many."""
    if "field" in tree:
        return [(Leaf(tree["field"], tree["op"], tree["value"], negated),)]
    if "not" in tree:
        return _branches(tree["not"], negated=not negated)
    [name] = tree
    parts = [_branches(child, negated=negated) for child in tree[name]]
    known = [part for part in parts if part is not None]
    if (name == "any") is not negated:
        found = [branch for part in known for branch in part]
        return found if len(known) == len(parts) and len(found) <= MOST_BRANCHES else None
    # Of what must hold together, a part that is too wide is left out: that only makes it easier to meet.
    number = 1
    kept = []
    for part in sorted(known, key=len):
        number *= len(part)
        if number > MOST_BRANCHES:
            break
        kept.append(part)
    return [sum(choice, ()) for choice in product(*kept)]


def _contradicts(branch: Branch) -> bool:
    """Whether these cannot all hold of one event."""
    fields = defaultdict(list)
    for leaf in branch:
        fields[leaf.field].append(leaf)
    return any(_impossible(field, leaves) for field, leaves in fields.items())


def _impossible(field: str, leaves: Sequence[Leaf]) -> bool:
    pinned = next((pins for leaf in leaves if (pins := leaf.pins) is not None), None)
    values = CLOSED.get(field, pinned)
    if values is not None:
        return not any(all(leaf.holds(value) for leaf in leaves) for value in values)
    if all(leaf.holds(MISSING) for leaf in leaves) and field.startswith(f"{DATA}."):
        return False
    return _excluded(leaves) or _opposed(leaves) or _apart(leaves) or _parted(leaves)


def _excluded(leaves: Sequence[Leaf]) -> bool:
    """It must not be there, and must be something."""
    absent = any(
        (leaf.op, leaf.value, leaf.negated) in (("exists", False, False), ("exists", True, True))
        for leaf in leaves
    )
    always_there = not leaves[0].field.startswith(f"{DATA}.")
    return absent and (always_there or not all(leaf.holds(MISSING) for leaf in leaves))


def _opposed(leaves: Sequence[Leaf]) -> bool:
    """The same is wanted and not wanted."""
    said = {(leaf.op, _canonical(leaf), leaf.negated) for leaf in leaves}
    return any((op, value, not negated) in said for op, value, negated in said)


def _canonical(leaf: Leaf) -> str:
    if leaf.op == "in":
        return json.dumps(sorted(map(str, map(identity, leaf.value))))
    return json.dumps(leaf.value, sort_keys=True)


def _apart(leaves: Sequence[Leaf]) -> bool:
    """It would have to begin in two ways, or as it must not."""
    begins = [leaf.value for leaf in leaves if leaf.op == "starts_with" and not leaf.negated]
    barred = [leaf.value for leaf in leaves if leaf.op == "starts_with" and leaf.negated]
    longest = max(begins, key=len, default="")
    apart = any(not longest.startswith(begin) for begin in begins)
    return apart or (bool(begins) and any(longest.startswith(begin) for begin in barred))


def _parted(leaves: Sequence[Leaf]) -> bool:
    """Numbers only: it would have to be above and below."""
    lows, highs, over, under = [], [], [], []
    for leaf in leaves:
        if leaf.op not in BOUNDS or not _are_numbers(leaf):
            continue
        low, high = leaf.value if leaf.op == "between" else (leaf.value, leaf.value)
        if leaf.negated:
            over += [high] if leaf.op == "lte" else []
            under += [low] if leaf.op == "gte" else []
        else:
            lows += [low] if leaf.op != "lte" else []
            highs += [high] if leaf.op != "gte" else []
    if not (lows or highs):
        return False  # that it is no number is possible
    lows_all, highs_all = [*lows, *over], [*highs, *under]
    if not lows_all or not highs_all:
        return False
    low, high = max(lows_all), min(highs_all)
    return low > high or (low == high and (low in over or high in under))


def _are_numbers(leaf: Leaf) -> bool:
    values: Iterable[Any] = leaf.value if leaf.op == "between" else [leaf.value]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
