"""What the reader of request bodies takes, and what it says to the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.sources.strict_json import MAX_DEPTH, Unparsable, loads, pointer

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda children: st.lists(children) | st.dictionaries(TEXT, children),
    max_leaves=20,
)


def is_fit(value: object) -> bool:
    return "\\u0000" not in json.dumps(value)


@given(PLAIN.filter(is_fit))
def test_reads_what_python_writes(value) -> None:
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nul", b"[1,]", b"{'a': 1}", b'{"a": NaN}', b"[Infinity]", b"[-Infinity]", b'{"a": 1, "a": 1}',
        b'{"b": {"a": 1, "a": 2}}', b'"\xff"', b'"\xed\xa0\x80"', b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000, b"[{}," * 50_000, b"9" * 10_000, b'"' + b"[" * 100_000, b'"a\nb"', b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"), b'"\\x"', b"1 2", b'"' * 99_999, b'"\\' * 99_999,
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_refuses_what_is_no_json_of_ours(body) -> None:
    with pytest.raises(Unparsable) as caught:
        loads(body)
    assert str(caught.value).endswith(".")


def test_depth_is_counted_in_brackets_and_not_in_strings() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert loads(deepest)
    with pytest.raises(Unparsable, match="deeper"):
        loads(b"[" + deepest + b"]")
    with pytest.raises(Unparsable, match="deeper"):
        loads(b'{"a":[' * 11 + b"]}" * 11)
    brackets = json.dumps(["[{" * 1000, '"\\[' * 1000, {"{[": ["}"]}]).encode()
    assert loads(brackets) == json.loads(brackets)
    wide = json.dumps([{"a": [{}]}] * 5000).encode()
    assert len(loads(wide)) == 5000


MARKS = st.text(st.sampled_from('[]{}"\\a€'), max_size=8)


@given(st.lists(st.tuples(MARKS, MARKS, st.booleans()), max_size=MAX_DEPTH + 3), st.booleans())
def test_depth_is_counted_whatever_strings_hold(levels, ascii_only) -> None:
    value: object = "]"
    for key, beside, is_list in levels:
        value = [beside, value, key] if is_list else {key + "1": beside, key: value, key + "2": [beside]}
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    if _depth(value) <= MAX_DEPTH:
        assert loads(body) == value
    else:
        with pytest.raises(Unparsable, match="deeper"):
            loads(body)


def _depth(value: object) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(_depth, children), default=0)


def test_names_the_place_of_what_no_database_keeps() -> None:
    with pytest.raises(InvalidInput) as caught:
        loads(b'[{"title": "ok"}, {"data": {"a/b": ["\\ud800", "\\u0000"], "~\\udc00": 1}}]')
    assert [(error.field, error.pointer) for error in caught.value.errors] == [
        ("data.a/b.0", "#/1/data/a~1b/0"),
        ("data.a/b.1", "#/1/data/a~1b/1"),
        ("data", "#/1/data"),
    ]


def test_whole_surrogate_pairs_and_backslashes_are_fine() -> None:
    assert loads(b'["\\ud83d\\ude00", "\\\\u0000", "\\\\ud800"]') == ["😀", "\\u0000", "\\ud800"]


def test_pointers_are_escaped() -> None:
    assert pointer(()) == "#"
    assert pointer((3, "level")) == "#/3/level"
    assert pointer(("a/b~c", "ä %")) == "#/a~1b~0c/%C3%A4%20%25"
