"""Conditions: a typed tree, checked when it is saved, compiled once, judged with what each leaf saw. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.rules.facts import MISSING, seen_at
from tocsin.rules.operators import OPERATORS, identity
from tocsin.rules.reading import Reading, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MOST_KEYS, LONGEST_PREFIX, SHOWN = 64, 32, 100
COMMON = frozenset({"type", "status", "level", "organization", "project", "actor"})
"""Fields of few values: a key made of another is more selective."""

Key = tuple[str, str, str]
"""Field, kind ("is" or "starts:N"), and what the field must be, or begin with."""


class Seen(NamedTuple):
    """A leaf, what it wanted, and what it saw."""

    path: str
    field: str
    op: str
    wanted: Any
    seen: Any
    matched: bool
    negated: bool = False
    """It stands below an odd number of "not": the condition wants it not to match."""

    @property
    def sentence(self) -> str:
        words = {
            "field": self.field,
            "op": OPERATORS[self.op].words,
            "wanted": _shown(self.wanted),
            "seen": _shown(self.seen),
        }
        if self.negated:
            if self.matched:
                return _("%(field)s should not be: %(op)s %(wanted)s; it is %(seen)s.") % words
            return _("%(field)s: not %(op)s %(wanted)s; it is %(seen)s.") % words
        if not self.matched:
            return _("%(field)s should be: %(op)s %(wanted)s; it is %(seen)s.") % words
        if self.seen is MISSING:
            return _("%(field)s %(op)s %(wanted)s, for it is %(seen)s.") % words
        return _("%(field)s %(op)s %(wanted)s.") % words


class Judged(NamedTuple):
    """Whether a condition holds, all its leaves, and those for which it does not."""

    matched: bool
    leaves: tuple[Seen, ...] = ()
    failed: tuple[Seen, ...] = ()
    """Never empty where `matched` is false: also the leaf that a "not" should not have found."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    digest: str
    matches: Callable[[Mapping[str, Any]], bool]
    """The quick question: it ends at the first leaf that decides."""
    _tree: Tree | None

    def judge(self, facts: Mapping[str, Any]) -> Judged:
        """The same with every leaf, for people."""
        return _judged(self._tree, facts, "condition", False) if self._tree else Judged(True)

    def keys(self) -> frozenset[Key] | None:
        """Keys of which an event that matches has one at least; None where there are none, or too many."""
        return _keys(self._tree) if self._tree else None


def parse(given: object, field: str = "condition") -> Tree | None:
    """A condition in its one form. Raises `InvalidInput` with every error, by its path. None holds always."""
    if given is None:
        return None
    reading = Reading(field)
    tree = reading.node(given, field)
    if reading.errors:
        raise InvalidInput(*reading.errors)
    return tree


def condition_of(tree: Tree | None) -> Condition:
    """The compiled condition of a tree that `parse` made."""
    return _compiled(json.dumps(tree, ensure_ascii=False, sort_keys=True))


def keys_of(facts: Mapping[str, Any], fields: Iterable[tuple[str, str]]) -> set[Key]:
    """The keys that an event has, of those fields and kinds."""
    found = set()
    for field, kind in fields:
        seen = seen_at(facts, field)
        if kind == "is":
            if (same := identity(seen)) is not None:
                found.add((field, kind, json.dumps(same, ensure_ascii=False)))
        elif isinstance(seen, str):
            length = int(kind.partition(":")[2])
            if len(seen) >= length:
                found.add((field, kind, seen[:length]))
    return found


@lru_cache(maxsize=20_000)
def _compiled(canonical: str) -> Condition:
    tree = json.loads(canonical)
    matches = _matcher(tree) if tree else lambda facts: True
    return Condition(hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest(), matches, tree)


def _matcher(tree: Tree) -> Callable[[Mapping[str, Any]], bool]:
    if "not" in tree:
        inner = _matcher(tree["not"])
        return lambda facts: not inner(facts)
    if "field" in tree:
        field, test = tree["field"], OPERATORS[tree["op"]].test(tree["field"], tree["value"])
        return lambda facts: test(seen_at(facts, field))
    children = [_matcher(child) for child in tree.get("all") or tree["any"]]
    if "all" in tree:
        return lambda facts: all(child(facts) for child in children)
    return lambda facts: any(child(facts) for child in children)


def _judged(tree: Tree, facts: Mapping[str, Any], path: str, negated: bool) -> Judged:
    """What failed is below what failed: a branch that is as it should be hides its leaves."""
    if "field" in tree:
        field, op, wanted = tree["field"], tree["op"], tree["value"]
        seen = seen_at(facts, field)
        leaf = Seen(path, field, op, wanted, seen, OPERATORS[op].test(field, wanted)(seen), negated)
        return Judged(leaf.matched, (leaf,), (leaf,) if leaf.matched == negated else ())
    if "not" in tree:
        inner = _judged(tree["not"], facts, f"{path}.not", not negated)
        return inner._replace(matched=not inner.matched)
    [name] = tree
    children = [_judged(child, facts, f"{path}.{name}.{i}", negated) for i, child in enumerate(tree[name])]
    matched = (all if name == "all" else any)(child.matched for child in children)
    leaves = tuple(leaf for child in children for leaf in child.leaves)
    failed = tuple(leaf for child in children for leaf in child.failed)
    return Judged(matched, leaves, failed if matched == negated else ())


def _keys(tree: Tree) -> frozenset[Key] | None:
    if "field" in tree:
        return _keys_of_leaf(tree["field"], tree["op"], tree["value"])
    if "all" in tree:
        found = [keys for child in tree["all"] if (keys := _keys(child)) is not None]
        return min(found, key=_cost) if found else None
    if "any" in tree:
        each = [_keys(child) for child in tree["any"]]
        union = frozenset().union(*(keys for keys in each if keys is not None))
        return None if None in each or len(union) > MOST_KEYS else union
    return None


def _cost(keys: frozenset[Key]) -> tuple[Any, ...]:
    """The most selective first: no common fields, few keys; then by name, so that it is always the same one."""
    return any(field in COMMON for field, _kind, _value in keys), len(keys), sorted(keys)


def _keys_of_leaf(field: str, op: str, value: Any) -> frozenset[Key] | None:
    if op == "starts_with":
        begin = value[:LONGEST_PREFIX]
        return frozenset({(field, f"starts:{len(begin)}", begin)})
    if op not in ("is", "in"):
        return None
    wanted = {identity(one) for one in (value if op == "in" else [value])}
    keys = frozenset((field, "is", json.dumps(same, ensure_ascii=False)) for same in wanted)
    return keys if len(keys) <= MOST_KEYS else None


def _shown(value: Any) -> str:
    short = value[: SHOWN + 1] if isinstance(value, str) else value
    text = repr(value) if value is MISSING else json.dumps(short, ensure_ascii=False, default=str)
    clean = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[: SHOWN + 1])
    return clean if len(clean) <= SHOWN else f"{clean[: SHOWN - 1]}…"
