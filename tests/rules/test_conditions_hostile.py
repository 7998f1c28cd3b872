"""Conditions from people who mean harm or slip: nothing but a refusal comes of them, and soon."""

from __future__ import annotations

import random

import pytest

from tests.rules.trees import leaf
from tocsin.errors import InvalidInput
from tocsin.rules.conditions import condition_of, keys_of, parse
from tocsin.rules.operators import OPERATORS
from tocsin.rules.reading import MOST_LEAVES, Reading

FACTS = {"type": "a:b", "level": "error", "title": "x", "data": {"a": 10**5000, "b": float("nan"), "c": [[]]}}
NAMES = ["all", "any", "not", "field", "op", "value", "aII", "", "\ud800", "\x00", 7, None, ("a", 1), 1.5]
VALUES = [
    None, True, False, 0, -1, 1.5, 10**5000, -(10**5000), float("nan"), float("inf"), "", "x" * 2000, "\x00",
    "\udfff",
    "data.a", "data." + "é" * 300, "data.\u202e", "level", "title", "errors", "[z-a]", "[", "*", object(), b"x", {1},
    "2030-01-31T09:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2030-13-01T00:00:00Z",
    "2030-01-01T00:00:00+99:99",
]  # fmt: skip


def deep(depth):
    nested = []
    for _ in range(depth):
        nested = [nested]
    return nested


DEEP = deep(20_000)


def malformed(dice, depth=0):
    """A tree of which most parts are wrong, some right."""
    kind = dice.random()
    if kind < 0.15:
        return dice.choice([*VALUES, DEEP])
    if kind < 0.3 and depth < 9:
        return [malformed(dice, depth + 1) for _ in range(dice.randrange(4))]
    if kind < 0.5:
        names = dice.sample(NAMES, dice.randrange(5))
        return {name: malformed(dice, depth + 1) if depth < 9 else 1 for name in names}
    if kind < 0.65 and depth < 9:
        name = dice.choice(["all", "any", "not"])
        inner = malformed(dice, depth + 1)
        return {name: inner if name == "not" else [inner]}
    value = dice.choice([*VALUES, dice.sample(VALUES, 2)])
    return leaf(
        dice.choice(["data.a", "data.b", "data.c", "level", *VALUES]), dice.choice([*OPERATORS, 7]), value
    )


def refusal_of(tree):
    """What was wrong with a tree; where nothing was, it is judged and there is none."""
    try:
        condition = condition_of(parse(tree))
    except InvalidInput as error:
        return error
    condition.judge(FACTS)
    keys_of(FACTS, {key[:2] for key in condition.keys() or ()})
    return None


def test_nothing_but_a_refusal_comes_of_5000_malformed_trees():
    dice = random.Random(4)
    refusals = [refusal_of(malformed(dice)) for _ in range(5_000)]
    refused = [refusal for refusal in refusals if refusal is not None]
    assert 2_500 < len(refused) < 4_900
    for refusal in refused:
        assert refusal.errors
        assert all(one.field.isprintable() and one.remedy for one in refusal.errors)


@pytest.mark.parametrize(
    "field", [DEEP, 10**5000, {"a": DEEP}], ids=["deep list", "long number", "deep object"]
)
def test_what_cannot_be_written_out_is_refused_as_field_and_operator(field):
    with pytest.raises(InvalidInput) as caught:
        parse(leaf(field, field, field))
    assert [error.field for error in caught.value.errors] == ["condition.field", "condition.op"]


@pytest.mark.parametrize("inner", [leaf("data.a", "is", 1), leaf("x", "is", 1), {"all": []}, 7])
def test_shared_parts_are_not_read_a_million_times(inner, monkeypatch):
    read = []
    node = Reading.node
    monkeypatch.setattr(Reading, "node", lambda self, *args: read.append(1) or node(self, *args))
    for _ in range(4):
        inner = {"any": [inner] * MOST_LEAVES}
    with pytest.raises(InvalidInput) as caught:
        parse(inner)
    assert len(caught.value.errors) <= MOST_LEAVES
    assert len(read) < 1_000


def test_too_many_leaves_are_one_error():
    spread = {"all": [{"any": [leaf("data.a", "is", 1)] * 30}] * 2}
    with pytest.raises(InvalidInput) as caught:
        parse(spread, "rules.3.condition")
    [error] = caught.value.errors
    assert (error.field, error.message) == ("rules.3.condition", "has more than 50 leaves.")


def test_a_tree_in_a_circle_is_too_deep():
    circle = {}
    circle["not"] = circle
    with pytest.raises(InvalidInput, match="nested deeper"):
        parse(circle)


def test_moments_at_the_ends_of_time_are_compared():
    tree = parse(leaf("data.at", "between", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]))
    assert condition_of(tree).matches({"data": {"at": "2030-01-31t09:00:00.5z"}})
    assert not condition_of(tree).matches({"data": {"at": "2030-01-31"}})
