"""Conditions as rows of a form and back: nothing is lost, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.rules.conditions import parse
from tocsin.rules.operators import OPERATORS
from tocsin.web.rules import builder
from tocsin.web.rules.values import read, write

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
numbers = st.integers(-(10**15), 10**15) | st.floats(-1e6, 1e6).filter(lambda one: "e" not in str(one))
scalars = texts | numbers | st.booleans() | st.none()
values = {
    "is": scalars,
    "is_not": scalars,
    "contains": scalars,
    "in": st.lists(scalars, min_size=1, max_size=4),
    "starts_with": texts.filter(bool),
    "glob": st.sampled_from(["db*", "a?b", '"*"', "42"]),
    "gte": st.integers(-99, 99) | st.just("2030-01-31T09:00:00+01:00"),
    "lte": st.integers(-99, 99),
    "between": st.tuples(st.integers(-9, 0), st.integers(1, 9)).map(list),
    "exists": st.booleans(),
}
leaves = st.sampled_from(sorted(values)).flatmap(
    lambda op: st.fixed_dictionaries(
        {"field": st.sampled_from(["title", "data.host", "about"]), "op": st.just(op), "value": values[op]}
    )
)


def grown(inner):
    lists = st.lists(inner, min_size=1, max_size=3)
    groups = st.sampled_from(["all", "any"]).flatmap(lambda name: st.fixed_dictionaries({name: lists}))
    return groups | groups.map(lambda tree: {"not": tree})


trees = st.recursive(leaves, grown, max_leaves=6).filter(lambda tree: depth(tree) <= 4)


def depth(tree):
    if "field" in tree:
        return 1
    return 1 + max(map(depth, [tree["not"]] if "not" in tree else next(iter(tree.values()))))


def as_form(rows):
    form = {}
    for row in rows:
        for name in ("kind", "depth", "field", "op", "value"):
            form[f"c{row.number}-{name}"] = str(getattr(row, name))
    return form


@settings(max_examples=300, deadline=None)
@given(trees)
def test_a_condition_comes_back_from_its_form_as_it_was(tree):
    kept = parse(tree)
    again, _places = builder.tree_of(builder.posted(as_form(builder.rows_of(kept))))
    wanted = {"all": [kept]} if "field" in kept else kept
    assert parse(again) == parse(wanted)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(set(values) - {"exists"})).flatmap(lambda op: st.tuples(st.just(op), values[op]))
)
def test_every_value_is_read_as_it_is_written(pair):
    op, value = pair
    again = read(op, write(op, value))
    assert (type(again), again) == (type(value), value)


@pytest.mark.parametrize(
    ("op", "typed", "meant"),
    [
        ("is", "42", 42), ("is", '"42"', "42"), ("is", " true ", True), ("is", "db1", "db1"), ("is", "", ""),
        ("is", "1.5", 1.5), ("is", "007", "007"), ("is", "null", None), ("is", 'say "hi"', 'say "hi"'),
        ("in", "db1, db2", ["db1", "db2"]), ("in", '"a, b", 3,', ["a, b", 3]), ("in", '"open', ['"open']),
        ("starts_with", "42", "42"), ("glob", "true*", "true*"), ("exists", "whatever", True), ("missing", "", False),
    ],
)  # fmt: skip
def test_what_is_typed_means_what_it_looks_like(op, typed, meant):
    assert read(op, typed) == meant


def test_a_negated_comparison_is_a_group_of_none():
    rows = builder.rows_of({"not": {"field": "title", "op": "is", "value": "x"}})
    assert [(row.kind, row.depth) for row in rows] == [("none", 0), ("leaf", 1)]


def test_the_form_names_every_operator():
    assert {slug for slug, _words in builder.CHOICES} == {*OPERATORS, "missing"}


def test_blank_lines_say_nothing():
    rows = builder.posted({"c0-kind": "all", "c0-depth": "0", "c1-kind": "leaf", "c1-depth": "1"})
    assert builder.tree_of(rows)[0] is None
    nested = builder.changed(rows, "group:0")
    assert builder.tree_of(nested)[0] is None


def test_buttons_add_below_their_group_and_take_away_what_hangs_on_a_row():
    rows = builder.rows_of(
        {"all": [{"field": "a", "op": "is", "value": 1}, {"field": "b", "op": "is", "value": 2}]}
    )
    rows = builder.changed(rows, "group:0")
    rows = builder.changed(rows, "leaf:3")
    assert [(row.kind, row.depth, row.field) for row in rows] == [
        ("all", 0, ""), ("leaf", 1, "a"), ("leaf", 1, "b"), ("any", 1, ""), ("leaf", 2, ""), ("leaf", 2, ""),
    ]  # fmt: skip
    rows = builder.changed(rows, "drop:3")
    assert [row.field for row in rows] == ["", "a", "b"]
    assert builder.changed(rows, "drop:0") == rows


@pytest.mark.parametrize(
    "wanted", ["leaf:99", "leaf:x", "drop", "", "leaf:-1", "burn:0", "leaf:²", "leaf:1", f"leaf:{'9' * 5000}"]
)
def test_a_button_that_never_was_changes_nothing(wanted):
    rows = builder.rows_of({"field": "title", "op": "is", "value": 1})
    assert builder.changed(list(rows), wanted) == rows


def test_a_forged_form_is_a_condition_all_the_same():
    rows = builder.posted({"c0-kind": "leaf", "c0-depth": "77", "c0-field": "title", "c0-value": "x",
                           "c1-kind": "any",
                           "c1-depth": "5", "c2-kind": "leaf", "c2-depth": "0", "c2-field": "about"})  # fmt: skip
    assert [(row.kind, row.depth) for row in rows] == [("all", 0), ("leaf", 1), ("any", 1), ("leaf", 1)]
    made, _places = builder.tree_of(rows)
    assert [leaf["field"] for leaf in made["all"]] == ["title", "about"]


def test_no_button_nests_more_deeply_than_a_condition_may():
    rows = builder.rows_of(None)
    for _ in range(9):
        last = max((row for row in rows if row.is_group), key=lambda row: row.depth)
        rows = builder.changed(rows, f"group:{last.number}")
    for row in rows:
        row.field = row.field or ("title" if not row.is_group else "")
    assert parse(builder.tree_of(rows)[0])
