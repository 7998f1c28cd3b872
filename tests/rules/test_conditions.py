"""Conditions: what is refused, what is meant, what is shown, and that the index never hides a match."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.trees import TREES, facts, holds, leaf
from tocsin.errors import InvalidInput
from tocsin.rules.conditions import condition_of, keys_of, parse
from tocsin.rules.facts import MISSING, facts_of, seen_at
from tocsin.rules.reading import MOST_LEAVES

EVENT = facts_of(
    SimpleNamespace(
        type="disk:full", level=40, title="Disk full", body="", status="open", group_key="db1", actor="", about="",
        url="",
        data={"host": "db1", "free": 0, "tags": ["prod", 1], "none": None, "off": False,
              "at": "2030-01-31T09:00:00+01:00"},
    ),
    organization="acme",
    project="",
)  # fmt: skip


def ask(field, op, value, facts=EVENT):
    return condition_of(parse(leaf(field, op, value))).matches(facts)


@given(TREES, facts())
def test_what_a_condition_means_is_what_the_oracle_says(tree, event):
    judged = condition_of(parse(tree)).judge(event)
    assert judged.matched == condition_of(parse(tree)).matches(event) == holds(tree, event)
    assert bool(judged.failed) is not judged.matched


@given(TREES, facts())
def test_an_event_that_matches_has_one_of_the_keys(tree, event):
    condition = condition_of(parse(tree))
    keys = condition.keys()
    if keys is not None and holds(tree, event):
        assert keys_of(event, {key[:2] for key in keys}) & keys


@given(TREES)
def test_what_was_parsed_is_parsed_to_itself(tree):
    once = parse(tree)
    assert parse(json.loads(json.dumps(once))) == once


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("data.free", "is", 0, True),
        ("data.free", "is", False, False),
        ("data.free", "is", "0", False),
        ("data.free", "is", 0.0, True),
        ("data.off", "is", False, True),
        ("data.off", "is", None, False),
        ("data.none", "is", None, True),
        ("data.nowhere", "is", None, False),
        ("data.nowhere", "is_not", None, True),
        ("data.none", "exists", True, True),
        ("data.nowhere", "exists", False, True),
        ("data.tags", "contains", "prod", True),
        ("data.tags", "contains", True, False),
        ("data.tags", "contains", 1, True),
        ("title", "contains", "full", True),
        ("data.host", "in", ["db2", "db1"], True),
        ("data.host", "starts_with", "db", True),
        ("data.host", "glob", "d?1", True),
        ("level", "gte", "warning", True),
        ("level", "is", "errors", True),
        ("level", "in", ["critical", "error"], True),
        ("level", "lte", "warning", False),
        ("data.at", "gte", "2030-01-31T08:00:00+00:00", True),
        ("data.at", "lte", "2030-01-31T07:59:59Z", False),
        ("data.free", "between", [0, 1], True),
        ("data.host", "gte", 0, False),
        ("group_key", "is", "db1", True),
        ("organization", "is", "acme", True),
    ],
)
def test_operators(field, op, value, expected):
    assert ask(field, op, value) is expected


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ([], "condition"),
        ("x", "condition"),
        ({}, "condition.field"),
        ({"all": []}, "condition.all"),
        ({"any": {}}, "condition.any"),
        ({"all": [leaf("data.a", "is", 1)], "any": []}, "condition"),
        ({"all": [leaf("data.a", "is", 1), leaf("dat.a", "is", 1)]}, "condition.all.1.field"),
        ({"al": [leaf("data.a", "is", 1)]}, "condition.al"),
        (leaf(["data"], "is", 1), "condition.field"),
        (leaf("title.length", "is", 1), "condition.field"),
        ({"not": leaf("data", "is", 1)}, "condition.not.field"),
        (leaf("data..a", "is", 1), "condition.field"),
        (leaf("data.a\n", "is", 1), "condition.field"),
        (leaf("data." + "a." * 20 + "a", "is", 1), "condition.field"),
        (leaf("data.a", "si", 1), "condition.op"),
        (leaf("data.a", ["is"], 1), "condition.op"),
        ({"field": "data.a", "op": "is"}, "condition.value"),
        (leaf("data.a", "is", 1) | {"vlaue": 2}, "condition.vlaue"),
        (leaf("data.a", "is", [1]), "condition.value"),
        (leaf("data.a", "is", {"a": 1}), "condition.value"),
        (leaf("data.a", "is", float("nan")), "condition.value"),
        (leaf("data.a", "is", float("inf")), "condition.value"),
        (leaf("data.a", "is", 10**400), "condition.value"),
        (leaf("data.a", "is", "x" * 1001), "condition.value"),
        (leaf("data.a", "is", "\ud800"), "condition.value"),
        (leaf("data.a", "in", "db1"), "condition.value"),
        (leaf("data.a", "in", []), "condition.value"),
        (leaf("data.a", "in", ["x"] * 101), "condition.value"),
        (leaf("data.a", "starts_with", 7), "condition.value"),
        (leaf("data.a", "starts_with", ""), "condition.value"),
        (leaf("data.a", "glob", None), "condition.value"),
        (leaf("data.a", "glob", "?" * 201), "condition.value"),
        (leaf("data.a", "glob", "db[9-0]"), "condition.value"),
        (leaf("data.a", "gte", "warm"), "condition.value"),
        (leaf("data.a", "gte", "2030-01-31T09:00:00"), "condition.value"),
        (leaf("data.a", "gte", "2030-W05-4T09:00:00Z"), "condition.value"),
        (leaf("data.a", "gte", "2030-01-31T24:00:00Z"), "condition.value"),
        (leaf("data.a", "lte", True), "condition.value"),
        (leaf("data.a", "between", [2, 1]), "condition.value"),
        (leaf("data.a", "between", [1]), "condition.value"),
        (leaf("data.a", "between", [1, "2030-01-31T09:00:00Z"]), "condition.value"),
        (leaf("data.a", "exists", "yes"), "condition.value"),
        (leaf("level", "gte", "grave"), "condition.value"),
        (leaf("level", "is", 7), "condition.value"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_path(tree, path):
    with pytest.raises(InvalidInput) as caught:
        parse(tree)
    assert path in [error.field for error in caught.value.errors]
    assert all(error.remedy for error in caught.value.errors)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("tree", "remedy"),
    [
        ({"al": [leaf("data.a", "is", 1)]}, "Did you mean 'all'?"),
        (leaf("dat.a", "is", 1), "Did you mean 'data'?"),
        (leaf("levle", "is", "error"), "Did you mean 'level'?"),
        (leaf("data.a", "start_with", "x"), "Did you mean 'starts_with'?"),
        (leaf("data.a", "gte", True), "Give a number, or a time"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(tree, remedy):
    with pytest.raises(InvalidInput) as caught:
        parse(tree)
    [error] = caught.value.errors
    assert error.remedy.startswith(remedy)


def test_every_error_is_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        parse({"all": [leaf("x", "in", 1), leaf("data.a", "y", 1), {"not": leaf("data.a", "is", [])}]})
    assert [error.field for error in caught.value.errors] == [
        "condition.all.0.field",
        "condition.all.0.value",
        "condition.all.1.op",
        "condition.all.2.not.value",
    ]


def test_depth_50_and_ten_thousand_leaves_are_refused():
    deep = leaf("data.a", "is", 1)
    for _ in range(5_000):
        deep = {"not": deep}
    wide = {"all": [leaf("data.a", "is", 1)] * 10_000}
    spread = {"all": [{"any": [leaf("data.a", "is", 1)] * 50}] * 50}
    for tree in (deep, wide, spread):
        with pytest.raises(InvalidInput) as caught:
            parse(tree)
        assert len(caught.value.errors) <= MOST_LEAVES


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.floats(), st.text(max_size=5), st.sampled_from(["is", "data.a", "level"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "op", "value", "x"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


@given(JSON)
def test_nothing_but_a_refusal_comes_of_nonsense(tree):
    try:
        parsed = parse(tree)
    except InvalidInput:
        return
    condition_of(parsed).judge(EVENT)


def test_each_leaf_says_what_it_saw():
    tree = parse(
        {
            "all": [
                leaf("data.host", "is", "db2"),
                leaf("data.nowhere", "exists", True),
                leaf("data.free", "is", 0),
            ]
        }
    )
    judged = condition_of(tree).judge(EVENT)
    assert [seen.path for seen in judged.leaves] == ["condition.all.0", "condition.all.1", "condition.all.2"]
    assert [seen.matched for seen in judged.leaves] == [False, False, True]
    assert judged.leaves[0].sentence == 'data.host should be: is "db2"; it is "db1".'
    assert judged.leaves[1].sentence == "data.nowhere should be: exists true; it is nothing."


@pytest.mark.parametrize(
    ("tree", "failed"),
    [
        ({"not": leaf("data.host", "is", "db1")}, ['data.host should not be: is "db1"; it is "db1".']),
        ({"not": {"any": [leaf("data.host", "is", "x"), leaf("data.free", "is", 0)]}},
         ["data.free should not be: is 0; it is 0."]),
        ({"not": {"not": leaf("data.free", "is", 1)}}, ["data.free should be: is 1; it is 0."]),
        ({"all": [{"any": [leaf("data.free", "is", 0), leaf("data.free", "is", 1)]}, leaf("title", "is", "x")]},
         ['title should be: is "x"; it is "Disk full".']),
        ({"any": [leaf("title", "is", "x"), {"all": [leaf("data.free", "is", 0), leaf("data.x", "is", 0)]}]},
         ['title should be: is "x"; it is "Disk full".', "data.x should be: is 0; it is nothing."]),
        ({"not": leaf("data.nowhere", "is", None)}, []),
    ],
)  # fmt: skip
def test_the_leaves_that_failed_are_those_that_decided(tree, failed):
    assert [seen.sentence for seen in condition_of(parse(tree)).judge(EVENT).failed] == failed


def test_a_comparison_that_nothing_meets_says_so():
    tree = parse({"all": [leaf("data.nowhere", "is_not", "db1"), {"not": leaf("data.nowhere", "is", 1)}]})
    assert [seen.sentence for seen in condition_of(tree).judge(EVENT).leaves] == [
        'data.nowhere is not "db1", for it is nothing.',
        "data.nowhere: not is 1; it is nothing.",
    ]


def test_what_is_shown_is_short_and_harmless():
    event = EVENT | {"data": {"host": "\x1b[31m\u202e" + "x" * 10_000}}
    [seen] = condition_of(parse(leaf("data.host", "is", "db1"))).judge(event).leaves
    assert len(seen.sentence) < 300
    assert seen.sentence.isprintable()


@pytest.mark.parametrize(
    ("tree", "fields"),
    [
        (leaf("data.host", "is", "db1"), {("data.host", "is")}),
        (leaf("data.host", "starts_with", "db"), {("data.host", "starts:2")}),
        ({"all": [leaf("level", "is", "error"), leaf("data.host", "in", ["a", "b"])]}, {("data.host", "is")}),
        ({"any": [leaf("data.a", "is", 1), leaf("data.b", "is", 2)]}, {("data.a", "is"), ("data.b", "is")}),
        ({"any": [leaf("data.a", "is", 1), leaf("data.b", "gte", 2)]}, None),
        ({"not": leaf("data.a", "is", 1)}, None),
        (leaf("data.a", "in", list(range(65))), None),
        ({"all": [leaf("data.a", "in", list(range(65))), leaf("data.b", "is", 1)]}, {("data.b", "is")}),
    ],
)
def test_the_most_selective_keys_are_chosen(tree, fields):
    keys = condition_of(parse(tree)).keys()
    assert fields == (None if keys is None else {key[:2] for key in keys})


def test_a_path_that_leads_nowhere_is_not_null():
    assert seen_at(EVENT, "data.none") is None
    assert seen_at(EVENT, "data.nowhere") is MISSING
    assert seen_at(EVENT, "data.host.deeper") is MISSING
