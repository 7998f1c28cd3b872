"""What is said to be impossible never happens, and what is said to be covered always is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.trees import TREES, facts
from tocsin.rules.conditions import condition_of, parse
from tocsin.rules.reach import covers, is_never


def leaf(field, op, value):
    return {"field": field, "op": op, "value": value}


HOST = "data.host"


@settings(max_examples=400, deadline=None)
@given(TREES, st.lists(facts(), min_size=1, max_size=4))
def test_what_can_never_hold_never_holds(tree, many) -> None:
    clean = parse(tree)
    if is_never(clean):
        assert not any(condition_of(clean).matches(one) for one in many)


@settings(max_examples=400, deadline=None)
@given(TREES, TREES, st.lists(facts(), min_size=1, max_size=4))
def test_what_is_covered_is_met_by_nothing_that_the_wider_one_misses(wide, narrow, many) -> None:
    wide, narrow = parse(wide), parse(narrow)
    if covers(wide, narrow):
        for one in many:
            assert condition_of(wide).matches(one) or not condition_of(narrow).matches(one)


@pytest.mark.parametrize(
    "leaves",
    [
        [leaf(HOST, "is", "a"), leaf(HOST, "is", "b")],
        [leaf(HOST, "is", 1), leaf(HOST, "is", True)],
        [leaf(HOST, "in", ["a", "b"]), leaf(HOST, "in", ["c"])],
        [leaf(HOST, "is", "a"), leaf(HOST, "is_not", "a")],
        [leaf(HOST, "is", "a"), leaf(HOST, "starts_with", "b")],
        [leaf(HOST, "is", "a"), leaf(HOST, "exists", False)],
        [leaf(HOST, "in", ["db1", "db2"]), leaf(HOST, "glob", "web*")],
        [leaf(HOST, "starts_with", "db"), leaf(HOST, "starts_with", "web")],
        [leaf(HOST, "starts_with", "db1"), {"not": leaf(HOST, "starts_with", "db")}],
        [leaf(HOST, "exists", False), leaf(HOST, "gte", 1)],
        [leaf(HOST, "exists", False), leaf(HOST, "exists", True)],
        [leaf(HOST, "gte", 5), leaf(HOST, "lte", 4)],
        [leaf(HOST, "between", [1, 2]), leaf(HOST, "gte", 3)],
        [leaf(HOST, "gte", 5), {"not": leaf(HOST, "gte", 5)}],
        [leaf(HOST, "lte", 9), {"not": leaf(HOST, "lte", 9)}],
        [leaf(HOST, "contains", "x"), {"not": leaf(HOST, "contains", "x")}],
        [leaf("level", "gte", "critical"), leaf("level", "is_not", "critical")],
        [leaf("level", "lte", "info"), leaf("level", "gte", "warning")],
        [leaf("status", "is", "closed")],
        [leaf("title", "exists", False)],
        [{"any": [leaf(HOST, "is", "a"), leaf(HOST, "is", "b")]}, leaf(HOST, "is", "c")],
    ],
)
def test_contradictions_are_seen(leaves) -> None:
    assert is_never(parse({"all": leaves}))
    assert not is_never(parse({"any": [*leaves, leaf("data.other", "is", 1)]}))


@pytest.mark.parametrize(
    "tree",
    [
        None,
        leaf(HOST, "is", "a"),
        {"all": [leaf(HOST, "contains", "a"), leaf(HOST, "contains", "b")]},
        {"all": [{"not": leaf(HOST, "gte", 5)}, {"not": leaf(HOST, "lte", 5)}]},
        {"all": [leaf(HOST, "is_not", "a"), leaf(HOST, "exists", False)]},
        {"all": [leaf(HOST, "starts_with", "d"), leaf(HOST, "starts_with", "db")]},
        {"not": {"all": [leaf(HOST, "is", "a"), leaf(HOST, "is", "b")]}},
    ],
)
def test_what_is_possible_is_not_called_impossible(tree) -> None:
    assert not is_never(parse(tree))


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (None, leaf(HOST, "is", "a")),
        (leaf(HOST, "starts_with", "db"), leaf(HOST, "in", ["db1", "db2"])),
        (leaf("level", "gte", "warning"), leaf("level", "is", "critical")),
        (leaf(HOST, "exists", True), leaf(HOST, "glob", "db*")),
        (leaf(HOST, "gte", 5), leaf(HOST, "between", [7, 9])),
        ({"any": [leaf(HOST, "is", "a"), leaf(HOST, "is", "b")]}, leaf(HOST, "is", "b")),
    ],
)
def test_what_is_covered_is_seen(wide, narrow) -> None:
    assert covers(parse(wide), parse(narrow))
    assert not covers(parse(narrow), parse(wide))


def test_a_condition_with_too_many_ways_is_not_judged() -> None:
    pairs = [{"any": [leaf(f"data.f{n}", "is", 1), leaf(f"data.f{n}", "is", 2)]} for n in range(12)]
    assert not is_never(parse({"all": [*pairs, leaf(HOST, "is", 1)]}))
    assert is_never(parse({"all": [*pairs, leaf(HOST, "is", 1), leaf(HOST, "is", 2)]}))
