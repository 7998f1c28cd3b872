"""Rules as a file: read without YAML's surprises, compared with what is stored, saved all or none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.recipients.destinations import add_destination
from tocsin.rules import as_code
from tocsin.rules.models import Rule, RuleVersion
from tocsin.rules.save import spec_of
from tocsin.rules.spec import Place
from tocsin.rules.yaml_files import MAX_BYTES, dump, load

FILE = """\
organization: acme
rules:
  - name: Databases at night
    event_types: ["message:*"]
    level: error
    condition: {field: data.host, op: starts_with, value: db}
    to: ["role:admin"]
    channels: [memory]
  - name: Everything
    event_types: ["*"]
    destinations: [{channel: memory, label: On call}]
tests:
  - name: a full disk on db1
    event: {type: "message:system", level: error, data: {host: db1}}
    expect:
      "user:ana": [memory]
"""


@pytest.fixture
def filled(acme):
    return add_destination(acme, "memory", {"name": "ops"}, label="On call")


def apply(text: str, **options) -> list[tuple[str, str]]:
    file = as_code.read(text.encode())
    found = as_code.changes(file, **options)
    as_code.carry_out(found, file.place, "test")
    return [(one.action, one.name) for one in found]


@pytest.mark.django_db
def test_a_file_is_saved_and_the_second_time_changes_nothing(acme, filled) -> None:
    assert apply(FILE) == [("create", "Databases at night"), ("create", "Everything")]
    assert apply(FILE) == [("keep", "Databases at night"), ("keep", "Everything")]
    assert RuleVersion.objects.count() == 2
    assert spec_of(Rule.objects.get(name="Everything")).destinations == (filled.pk,)


@pytest.mark.django_db
def test_what_differs_is_said_by_field(acme, filled) -> None:
    apply(FILE)
    [change, _] = as_code.changes(as_code.read(FILE.replace("level: error", "level: critical").encode()))
    assert (change.action, change.differs) == ("change", {"level": ("error", "critical")})


@pytest.mark.django_db
def test_others_are_left_unless_they_are_pruned(acme, other, filled, rule) -> None:
    kept = rule(name="by hand", to=["user:ana"])
    assert ("delete", "by hand") not in apply(FILE)
    assert as_code.left(as_code.read(FILE.encode()), []) != []
    assert apply(FILE, prune=True)[-1] == ("delete", "by hand")
    kept.refresh_from_db()
    assert kept.deleted_at is not None


@pytest.mark.django_db
def test_what_is_written_is_read_as_it_was(acme, filled) -> None:
    apply(FILE)
    text = as_code.written(acme)
    assert apply(text, prune=True) == [("keep", "Databases at night"), ("keep", "Everything")]
    assert "On call" in text
    assert "position" not in text


TRAPS = """\
organization: acme
rules:
  - name: no
    event_types: ["*"]
    to: ["user:ana"]
    condition: {field: data.at, op: in, value: [2026-01-01, 0x1F, 1_000, on, 012, 1e3, .5]}
"""


@pytest.mark.django_db
def test_words_are_words_and_dates_are_texts(acme) -> None:
    apply(TRAPS)
    saved = Rule.objects.get()
    assert saved.name == "no"
    assert saved.condition["value"] == ["2026-01-01", "0x1F", "1_000", "on", 12, 1000.0, 0.5]


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "line 1, column 4: anchors and aliases"),
        ("a: *b\n", "aliases"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1, column 4: the tag"),
        ("a: !x 1\n", "the tag"),
        ("<<: {a: 1}\n", "merge keys"),
        ("rules: []\nrules: []\n", "line 2, column 1: 'rules' is there twice"),
        ("1: a\n", "a name must be a text"),
        ("? [a]\n: b\n", "a name must be a text"),
        ("a: 1\n---\nb: 2\n", "single document"),
        ("a: [1\n", "line 2"),
        ("\ta: 1\n", "line 1"),
        ("a: 1\nb: c\x00\n", "line 2, column 5: the character"),
        ("a: '\ud800'\n", "UTF-8"),
        ("[" * 40 + "]" * 40, "nested deeper than 30"),
        ("- " * 5000 + "a", "nested deeper than 30"),
        ("a: 1e999\n", "out of range"),
        ("a: " + "x" * MAX_BYTES, "larger than"),
    ],
)
def test_files_with_tricks_are_refused_with_their_place(text, said) -> None:
    with pytest.raises(InvalidInput) as refused:
        load(text.encode(errors="surrogatepass"))
    assert said in str(refused.value)


def test_a_byte_order_mark_is_no_matter() -> None:
    assert load(b"\xef\xbb\xbfa: 1\n").value == {"a": 1}
    assert load(b"").value is None


TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20),
    st.sampled_from(
        [
            "no",
            "1e5",
            "012",
            "~",
            "null",
            "true",
            "",
            " x",
            "a: b",
            "- x",
            "2026-01-01",
            "1.5",
            "#",
            "*a",
            "=",
            "<<",
            "\x85",
            "a \u2028\n b",
        ]
    ),
)
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))
NAMES = TEXTS.filter(lambda key: key != "<<")
VALUES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.none(), NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_whatever_is_written_is_read_the_same(value) -> None:
    assert load(dump(value).encode()).value == value


WRONG = """\
organization: acme
rules:
  - name: a
    event_types: ["*"]
    to: ["user:ana", "fax:1"]
    condition:
      all:
        - {field: data.a, op: gte, value: [1]}
  - name: a
    event_types: ["*"]
    to: ["user:ana"]
  - name: b
    event_types: ["nothing"]
    too: ["user:ana"]
"""


@pytest.mark.django_db
def test_everything_wrong_is_told_with_its_line_and_nothing_is_saved(acme) -> None:
    with pytest.raises(InvalidInput) as refused:
        apply(WRONG)
    assert sorted(error.field for error in refused.value.errors) == [
        "rules.0.condition.all.0.value (line 8)",
        "rules.0.to.1 (line 5)",
        "rules.2.event_types.0 (line 13)",
        "rules.2.too (line 14)",
    ]
    assert not Rule.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("- a\n", ["file (line 1)"]),
        ("organisation: acme\n", ["organisation (line 1)"]),
        ("organization: nobody\n", ["organization (line 1)"]),
        ("organization: acme\nrules: {}\n", ["rules (line 2)"]),
        ("rules: [1]\n", ["rules.0 (line 1)", "rules.0.name (line 1)", "rules.0.event_types (line 1)"]),
        ("tests:\n  - {event: {type: drill}, expect: {}}\n", ["tests.0.name (line 2)"]),
        ("tests:\n  - {name: a, event: {}}\n", ["tests.0.expect (line 2)"]),
        (
            "tests:\n  - {name: a, event: {}, expect: {'user:ana': email}}\n",
            ["tests.0.expect.user:ana (line 2)"],
        ),
        (
            "tests:\n  - name: a\n    event: {}\n    at: 2026-12-24T03:00:00\n    expect: {}\n",
            ["tests.0.at (line 4)"],
        ),
    ],
)
def test_a_file_of_another_form_is_refused(acme, text, fields) -> None:
    with pytest.raises(InvalidInput) as refused:
        apply(text)
    assert [error.field for error in refused.value.errors][: len(fields)] == fields
    assert all(error.remedy for error in refused.value.errors[:1])


@pytest.mark.django_db
def test_a_file_speaks_of_one_organization_only(acme, other, rule) -> None:
    rule(name="Everything", to=["user:ana"])
    foreign = add_destination(other, "memory", {"name": "theirs"}, label="On call")
    with pytest.raises(InvalidInput, match=r"destinations\.0"):
        apply(FILE)
    with pytest.raises(InvalidInput, match=r"destinations\.0"):
        apply(FILE.replace("{channel: memory, label: On call}", f'"{foreign.pk}"'))
    assert as_code.changes(as_code.read(b"organization: other\n"), prune=True) == []
    assert Place(acme.pk) != Place(other.pk)
