"""Random conditions and facts, and a judge of them that shares nothing with ours."""

from __future__ import annotations

import fnmatch
import math
from typing import Any

from hypothesis import strategies as st

WORDS = ["", "a", "db1", "db2", "db10", "prod", "É", "1", "true", "null"]
NUMBERS = [0, 1, 1.0, -1, 2, 2.5, 10]
SCALARS = st.one_of(st.sampled_from(WORDS), st.sampled_from(NUMBERS), st.booleans(), st.none())
FIELDS = [
    "data.host",
    "data.env",
    "data.labels.severity",
    "data.n",
    "data.tags",
    "group_key",
    "type",
    "title",
]


def leaf(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3))
DATA = st.fixed_dictionaries(
    {},
    optional={
        "host": VALUES,
        "env": VALUES,
        "n": VALUES,
        "tags": VALUES,
        "labels": st.one_of(SCALARS, st.fixed_dictionaries({}, optional={"severity": VALUES})),
    },
)


@st.composite
def facts(draw: Any) -> dict[str, Any]:
    return {
        "type": draw(st.sampled_from(["invoice:paid", "invoice:late", "task:finished"])),
        "level": draw(st.sampled_from(["info", "warning", "error", "critical"])),
        "title": draw(st.sampled_from(WORDS)),
        "body": "",
        "status": "open",
        "group_key": draw(st.sampled_from(WORDS)),
        "actor": "",
        "about": "",
        "url": "",
        "organization": "acme",
        "project": draw(st.sampled_from(["", "web"])),
        "data": draw(DATA),
    }


FIELD = st.sampled_from(FIELDS)
TEXT = st.sampled_from([word for word in WORDS if word])
LEAVES = st.one_of(
    st.builds(leaf, FIELD, st.sampled_from(["is", "is_not", "contains"]), SCALARS),
    st.builds(lambda f, v: leaf(f, "in", v), FIELD, st.lists(SCALARS, min_size=1, max_size=4)),
    st.builds(lambda f, v: leaf(f, "starts_with", v), FIELD, TEXT),
    st.builds(lambda f, v: leaf(f, "glob", v), FIELD, st.sampled_from(["*", "db*", "d?1", "*1", "a", "*b*"])),
    st.builds(leaf, FIELD, st.sampled_from(["gte", "lte"]), st.sampled_from(NUMBERS)),
    st.builds(lambda f: leaf(f, "between", [0, 2]), FIELD),
    st.builds(lambda f, v: leaf(f, "exists", v), FIELD, st.booleans()),
    st.builds(
        lambda o, v: leaf("level", o, v),
        st.sampled_from(["is", "gte", "lte"]),
        st.sampled_from(["warning", "errors"]),
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda c: {"all": c}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda c: {"any": c}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda c: {"not": c}, inner),
    ),
    max_leaves=8,
)


RANKS = {
    "info": 20,
    "ok": 20,
    "warning": 30,
    "warnings": 30,
    "error": 40,
    "errors": 40,
    "critical": 50,
    "failed": 50,
}
NOWHERE = object()


def same(a: Any, b: Any) -> bool:
    """Two scalars that are one: by value, never across kinds."""
    if NOWHERE in (a, b) or isinstance(a, list | dict) or isinstance(b, list | dict):
        return False
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=0, abs_tol=0)


def holds(tree: dict[str, Any], facts: dict[str, Any]) -> bool:
    if "all" in tree:
        return not [child for child in tree["all"] if not holds(child, facts)]
    if "any" in tree:
        return bool([child for child in tree["any"] if holds(child, facts)])
    if "not" in tree:
        return not holds(tree["not"], facts)
    seen: Any = facts
    for step in tree["field"].split("."):
        seen = seen.get(step, NOWHERE) if isinstance(seen, dict) else NOWHERE
    op, wanted = tree["op"], tree["value"]
    if tree["field"] == "level":
        return {"is": int.__eq__, "gte": int.__ge__, "lte": int.__le__}[op](RANKS[seen], RANKS[wanted])
    number = isinstance(seen, int | float) and not isinstance(seen, bool)
    return {
        "is": lambda: same(seen, wanted),
        "is_not": lambda: not same(seen, wanted),
        "in": lambda: any(same(seen, one) for one in wanted),
        "contains": lambda: (
            (isinstance(seen, str) and isinstance(wanted, str) and wanted in seen)
            or (isinstance(seen, list) and any(same(one, wanted) for one in seen))
        ),
        "starts_with": lambda: isinstance(seen, str) and seen[: len(wanted)] == wanted,
        "glob": lambda: isinstance(seen, str) and fnmatch.fnmatchcase(seen, wanted),
        "gte": lambda: number and seen >= wanted,
        "lte": lambda: number and seen <= wanted,
        "between": lambda: number and wanted[0] <= seen <= wanted[1],
        "exists": lambda: (seen is not NOWHERE) is wanted,
    }[op]()
