"""The keys of a condition never hide a match: random trees over values that are almost one another."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.trees import leaf
from tocsin.rules.conditions import LONGEST_PREFIX, MOST_KEYS, condition_of, keys_of, parse

LONG = "p" * (LONGEST_PREFIX - 1)
SCALARS = st.sampled_from([
    None, True, False, 0, -0.0, 1, 1.0, 1.5, 10**15, 1e15, "", "1", "1.0", "true", "null", "a", "ab", "é", "e\u0301",
    LONG, LONG + "q", LONG + "qr", LONG + "qs",
])  # fmt: skip
SEEN = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=2), st.sampled_from([10**400, -(10**400), math.inf, math.nan, {}])
)
FIELDS = st.sampled_from(["data.a", "data.b", "data.n.a", "title", "group_key", "type"])
LEAVES = st.one_of(
    st.builds(leaf, FIELDS, st.sampled_from(["is", "is_not"]), SCALARS),
    st.builds(leaf, FIELDS, st.just("in"), st.lists(SCALARS, min_size=1, max_size=5)),
    st.builds(leaf, FIELDS, st.just("starts_with"), SCALARS.filter(lambda one: isinstance(one, str) and one)),
    st.builds(leaf, FIELDS, st.just("exists"), st.booleans()),
)


def branches(inner: Any) -> Any:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda c: {"all": c}, several),
        st.builds(lambda c: {"any": c}, several),
        st.builds(lambda c: {"not": c}, inner),
    )


TREES = st.one_of(LEAVES, branches(LEAVES), branches(branches(LEAVES)), branches(branches(branches(LEAVES))))
DATA = st.fixed_dictionaries(
    {}, optional={"a": SEEN, "b": SEEN, "n": st.one_of(SEEN, st.fixed_dictionaries({"a": SEEN}))}
)
TEXTS = SCALARS.filter(lambda one: isinstance(one, str))
FACTS = st.fixed_dictionaries({"type": TEXTS, "title": TEXTS, "group_key": TEXTS, "data": DATA})


def walk(facts, path):
    """The values at a path: one, or none."""
    found = [facts]
    for step in path.split("."):
        found = [one[step] for one in found if isinstance(one, dict) and step in one]
    return found


def alike(a, b):
    numbers = [isinstance(one, int | float) and not isinstance(one, bool) for one in (a, b)]
    return a == b if all(numbers) else type(a) is type(b) and a == b


def true(tree, facts):
    """What a condition says, written without a look at ours."""
    match tree:
        case {"all": inner}:
            return sum(true(one, facts) for one in inner) == len(inner)
        case {"any": inner}:
            return sum(true(one, facts) for one in inner) > 0
        case {"not": inner}:
            return 1 - true(inner, facts) == 1
        case {"field": field, "op": "exists", "value": value}:
            return len(walk(facts, field)) == int(value)
        case {"field": field, "op": "starts_with", "value": value}:
            return any(isinstance(one, str) and one.find(value) == 0 for one in walk(facts, field))
        case {"field": field, "op": op, "value": value}:
            wanted = value if op == "in" else [value]
            found = any(alike(one, other) for one in walk(facts, field) for other in wanted)
            return not found if op == "is_not" else found


@settings(max_examples=500)
@given(TREES, FACTS)
def test_an_event_that_matches_has_one_of_the_keys(tree, facts):
    condition = condition_of(parse(tree))
    matched = true(tree, facts)
    assert condition.matches(facts) is condition.judge(facts).matched is matched
    keys = condition.keys()
    if keys is not None:
        assert len(keys) <= MOST_KEYS
        assert not matched or keys_of(facts, {key[:2] for key in keys}) & keys


@given(st.lists(LEAVES, min_size=1, max_size=4), st.randoms())
def test_the_order_of_the_parts_does_not_choose_the_keys(leaves, dice):
    keys = condition_of(parse({"all": leaves})).keys()
    shuffled = dice.sample(leaves, len(leaves))
    assert condition_of(parse({"all": shuffled})).keys() == keys
