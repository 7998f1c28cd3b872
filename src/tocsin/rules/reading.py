"""How a condition is read when it is saved: every fault at once, by its path, in bounded time. Pure."""

from __future__ import annotations

from typing import Any

from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput
from tocsin.rules.facts import DATA, TOP
from tocsin.rules.operators import OPERATORS

MOST_DEPTH, MOST_LEAVES, MOST_STEPS, LONGEST_FIELD, NAMED = 5, 50, 10, 200, 80
BRANCHES = ("all", "any", "not")
LEAF = ("field", "op", "value")

Tree = dict[str, Any]


class Reading:
    """One reading: what was wrong so far, and how many leaves there were.

    It ends at 50 errors or leaves: a tree whose parts are shared (aliases in YAML) may have a million of either.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.errors: list[FieldError] = []
        self.leaves = 0

    def wrong(self, path: str, message: str, remedy: str) -> Tree:
        if len(self.errors) < MOST_LEAVES:
            self.errors.append(FieldError(path, message, remedy))
        return {}

    def node(self, given: object, path: str, depth: int = 1) -> Tree:
        """The canonical form of what stands at `path`; where it has faults, they are in `errors`."""
        if self.leaves > MOST_LEAVES or len(self.errors) == MOST_LEAVES:
            return {}
        if not isinstance(given, dict):
            remedy = 'Write {"field": …, "op": …, "value": …} or {"all": […]}.'
            return self.wrong(path, "must be an object.", remedy)
        if depth > MOST_DEPTH:
            return self.wrong(path, f"is nested deeper than {MOST_DEPTH}.", "Flatten it.")
        branches = [name for name in BRANCHES if name in given]
        if branches and len(given) > 1:
            return self.wrong(path, f"has more than {branches[0]!r}.", "Put each into an object of its own.")
        return self._branch(branches[0], given, path, depth) if branches else self._leaf(given, path)

    def _branch(self, name: str, given: dict[Any, Any], path: str, depth: int) -> Tree:
        inner, path = given[name], f"{path}.{name}"
        if name == "not":
            return {name: self.node(inner, path, depth + 1)}
        if not isinstance(inner, list) or not inner:
            return self.wrong(path, "must be a list of conditions.", "Give one at least.")
        if len(inner) > MOST_LEAVES:
            return self.wrong(path, f"has more than {MOST_LEAVES} conditions.", "Make two rules of it.")
        return {name: [self.node(child, f"{path}.{i}", depth + 1) for i, child in enumerate(inner)]}

    def _leaf(self, given: dict[Any, Any], path: str) -> Tree:
        self.leaves += 1
        if self.leaves > MOST_LEAVES:
            return self.wrong(self.root, f"has more than {MOST_LEAVES} leaves.", "Make two rules of it.")
        strange = [name for name in given if name not in LEAF]
        for name in strange[:MOST_LEAVES]:
            known = nearest(_named(name), (*LEAF, *BRANCHES))
            self.wrong(f"{path}.{_named(name)}", "is no part of a condition.", known)
        if strange and len(strange) == len(given):
            return {}  # a misspelt branch: what it lacks as a leaf would only confuse
        field, op = self._field(given, f"{path}.field"), self._op(given, f"{path}.op")
        return {"field": field, "op": op, "value": self._value(given, field, op, f"{path}.value")}

    def _field(self, given: dict[Any, Any], path: str) -> str:
        if "field" not in given:
            self.wrong(path, "is missing.", "Name what is looked at, such as data.host or level.")
            return ""
        field = given["field"]
        if fault := _fault_of_field(field):
            self.wrong(path, *fault)
            return ""
        return str(field)

    def _op(self, given: dict[Any, Any], path: str) -> str:
        op = given.get("op")
        if isinstance(op, str) and op in OPERATORS:
            return op
        fault = f"{_named(op)!r} is no operator." if "op" in given else "is missing."
        self.wrong(path, fault, nearest(_named(op), OPERATORS))
        return ""

    def _value(self, given: dict[Any, Any], field: str, op: str, path: str) -> Any:
        if "value" not in given:
            self.wrong(path, "is missing.", "Say what the field is compared with.")
        elif op:
            try:
                return OPERATORS[op].clean(field, given["value"])
            except InvalidInput as error:
                [one] = error.errors
                self.wrong(path, one.message, one.remedy)
        return None


def _fault_of_field(field: object) -> tuple[str, str] | None:
    if field in TOP:
        return None
    first, *others = field.split(".") if isinstance(field, str) else [""]
    named = f"{_named(field)!r} is no field."
    if first != DATA:
        known = f"{first} is one value." if first in TOP else nearest(_named(first), (*TOP, DATA))
        return named, f"{known} What an event carries of its own is in data.…: data.host."
    if not others or not all(others):
        return named, "Name a value in data, with a dot between names: data.labels.severity."
    if len(others) >= MOST_STEPS or len(str(field)) > LONGEST_FIELD or not str(field).isprintable():
        most = f"{MOST_STEPS} names and {LONGEST_FIELD} characters"
        return named, f"At most {most}, printable ones."
    return None


def _named(given: object) -> str:
    """What somebody gave for a name, fit for a message: long, nested and unprintable things are not repeated."""
    return ascii(given[:NAMED])[1:-1] if isinstance(given, str) else f"({type(given).__name__})"
