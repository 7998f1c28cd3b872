"""Conditions: a typed tree, checked when it is saved, compiled once, judged with what each leaf saw. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput
from tocsin.rules.facts import DATA, MISSING, TOP, seen_at
from tocsin.rules.operators import OPERATORS, identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MOST_DEPTH, MOST_LEAVES, MOST_STEPS, MOST_KEYS, LONGEST_PREFIX, SHOWN = 5, 50, 10, 64, 32, 100
BRANCHES = ("all", "any", "not")
LEAF = ("field", "op", "value")
COMMON = frozenset({"type", "status", "level", "organization", "project", "actor"})
"""Fields of few values: a key made of another is more selective."""

Tree = dict[str, Any]
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

    @property
    def sentence(self) -> str:
        words = {
            "field": self.field,
            "op": OPERATORS[self.op].words,
            "wanted": _shown(self.wanted),
            "seen": _shown(self.seen),
        }
        if self.matched:
            return _("%(field)s %(op)s %(wanted)s.") % words
        return _("%(field)s should be: %(op)s %(wanted)s; it is %(seen)s.") % words


class Judged(NamedTuple):
    """Whether a condition holds, and all its leaves."""

    matched: bool
    leaves: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    digest: str
    matches: Callable[[Mapping[str, Any]], bool]
    """The quick question: it ends at the first leaf that decides."""
    _tree: Tree | None

    def judge(self, facts: Mapping[str, Any]) -> Judged:
        """The same with every leaf, for people."""
        leaves = tuple(_leaves(self._tree, facts, "condition")) if self._tree else ()
        return Judged(self.matches(facts), leaves)

    def keys(self) -> frozenset[Key] | None:
        """Keys of which an event that matches has one at least; None where there are none, or too many."""
        return _keys(self._tree) if self._tree else None


def parse(given: object, field: str = "condition") -> Tree | None:
    """A condition in its one form. Raises `InvalidInput` with every error, by its path. None holds always."""
    if given is None:
        return None
    reading = _Reading()
    tree = reading.node(given, field, 1)
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


class _Reading:
    """One parse: what was wrong so far, and how many leaves there were."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self.leaves = 0

    def wrong(self, path: str, message: str, remedy: str = "") -> Tree:
        if len(self.errors) < MOST_LEAVES:
            self.errors.append(FieldError(path, message, remedy))
        return {}

    def node(self, given: object, path: str, depth: int) -> Tree:
        if not isinstance(given, dict):
            remedy = 'Write {"field": …, "op": …, "value": …} or {"all": […]}.'
            return self.wrong(path, "must be an object.", remedy)
        if depth > MOST_DEPTH:
            return self.wrong(path, f"is nested deeper than {MOST_DEPTH}.", "Flatten it.")
        branches = [name for name in BRANCHES if name in given]
        if branches and len(given) > 1:
            return self.wrong(path, f"has more than {branches[0]!r}.", "Put each into an object of its own.")
        return self.branch(branches[0], given, path, depth) if branches else self.leaf(given, path)

    def branch(self, name: str, given: dict[Any, Any], path: str, depth: int) -> Tree:
        inner, path = given[name], f"{path}.{name}"
        if name == "not":
            return {name: self.node(inner, path, depth + 1)}
        if not isinstance(inner, list) or not 0 < len(inner) <= MOST_LEAVES:
            return self.wrong(path, f"must be a list of 1 to {MOST_LEAVES} conditions.", "Give one at least.")
        return {name: [self.node(child, f"{path}.{i}", depth + 1) for i, child in enumerate(inner)]}

    def leaf(self, given: dict[Any, Any], path: str) -> Tree:
        self.leaves += 1
        if self.leaves > MOST_LEAVES:
            return self.wrong(
                path, f"is one leaf too many; {MOST_LEAVES} are the most.", "Make two rules of it."
            )
        for place, message, remedy in _wrong_parts(given):
            return self.wrong(f"{path}.{place}", message, remedy)
        field, op = given["field"], given["op"]
        try:
            return {"field": field, "op": op, "value": OPERATORS[op].clean(field, given["value"])}
        except InvalidInput as error:
            [one] = error.errors
            return self.wrong(f"{path}.value", one.message, one.remedy)


def _wrong_parts(given: dict[Any, Any]) -> Iterable[tuple[str, str, str]]:
    """What is wrong with a leaf but for its value: place, message, remedy."""
    for name in [str(name)[:80] for name in given if name not in LEAF]:
        yield name, "is no part of a condition.", nearest(name, (*LEAF, *BRANCHES))
    field, op = given.get("field"), given.get("op")
    if not isinstance(field, str) or not _is_field(field):
        yield "field", f"{str(field)[:80]!r} is no field.", f"Use data.…, or one of: {', '.join(TOP)}."
    if not isinstance(op, str) or op not in OPERATORS:
        yield "op", f"{str(op)[:80]!r} is no operator.", nearest(str(op)[:80], OPERATORS)
    if "value" not in given:
        yield "value", "is missing.", "Say what the field is compared with."


def _is_field(path: str) -> bool:
    if path in TOP:
        return True
    steps = path.split(".")
    fits = len(path) <= 200 and path.isprintable() and 1 < len(steps) <= MOST_STEPS
    return fits and steps[0] == DATA and all(steps)


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


def _leaves(tree: Tree, facts: Mapping[str, Any], path: str) -> Iterable[Seen]:
    if "field" in tree:
        seen = seen_at(facts, tree["field"])
        matched = OPERATORS[tree["op"]].test(tree["field"], tree["value"])(seen)
        yield Seen(path, tree["field"], tree["op"], tree["value"], seen, matched)
        return
    if "not" in tree:
        yield from _leaves(tree["not"], facts, f"{path}.not")
        return
    [name] = tree
    for index, child in enumerate(tree[name]):
        yield from _leaves(child, facts, f"{path}.{name}.{index}")


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
    text = repr(value) if value is MISSING else json.dumps(value, ensure_ascii=False, default=str)
    clean = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[: SHOWN + 1])
    return clean if len(clean) <= SHOWN else f"{clean[: SHOWN - 1]}…"
