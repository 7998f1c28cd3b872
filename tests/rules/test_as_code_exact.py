"""Files against the database: nothing is lost, widened, taken for something else or saved over somebody's change."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rules.trees import TREES
from tocsin.errors import Conflict, InvalidInput
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.rules import as_code, save
from tocsin.rules.models import Rule, RuleVersion
from tocsin.rules.spec import Place
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Project

pytestmark = pytest.mark.django_db

RULES = st.fixed_dictionaries(
    {
        "event_types": st.lists(
            st.sampled_from(["*", "task:*", "drill"]), min_size=1, max_size=3, unique=True
        ),
        "level": st.sampled_from(["info", "warning", "error"]),
        "condition": st.one_of(st.none(), TREES),
        "active": st.booleans(),
        "stop": st.booleans(),
        "position": st.integers(-5, 5),
        "projects": st.sampled_from([[], ["web"]]),
        "hours": st.sampled_from([None, {"open": [{"days": ["mon"], "from": "08:00", "to": "17:00"}]}]),
    }
)
AIMS = st.one_of(
    st.fixed_dictionaries(
        {
            "to": st.sampled_from([["user:no"], ["role:admin", "except:actor"]]),
            "channels": st.just(["memory"]),
        }
    ),
    st.just({"destinations": [{"channel": "memory", "label": "On call: 1"}]}),
    st.just({"service": "memory", "target": "destination"}),
)
NAMES = st.sampled_from(["no", "~", "2026-01-01", "a: b", "'x' \\ \"y\"", "- é", "0x1", "*a", "#"])


def condition(value) -> str:
    return (
        "organization: acme\nrules:\n"
        "  - {name: a, event_types: ['*'], to: ['user:ana'],"
        f" condition: {{field: data.x, op: is, value: {value}}}}}\n"
    )


def planned(text: str, **options) -> tuple[as_code.RuleFile, list[as_code.Change]]:
    file = as_code.read(text.encode())
    return file, as_code.changes(file, **options)


def apply(text: str, by: str = "test") -> None:
    file, found = planned(text)
    as_code.carry_out(found, file.place, by)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(NAMES, RULES, AIMS), max_size=4, unique_by=lambda pair: pair[0]))
def test_what_is_written_is_what_is_stored(acme, rules) -> None:
    Rule.objects.all().delete()
    Project.objects.get_or_create(organization=acme, slug="web")
    made = Destination.objects.filter(organization=acme).first()
    made = made or add_destination(acme, "memory", {"name": "o"}, label="On call: 1")
    for name, body, aim in rules:
        named = {"target_identifier": str(made.pk)} if "target" in aim else {}
        save.save({"name": name, **body, **aim, **named}, Place(acme.pk), "test")
    text = as_code.written(acme)
    _file, found = planned(text, prune=True)
    assert [(change.action, change.name) for change in found] == [
        ("keep", name) for name, _body, _aim in rules
    ]
    assert text.count("label: 'On call: 1'") == sum("to" not in aim for _name, _body, aim in rules)


def test_one_and_true_are_two_values(acme) -> None:
    apply(condition("1"))
    [change] = planned(condition("true"))[1]
    assert change.action == "change"
    [change] = planned(condition("1.0"))[1]
    assert change.action == "keep"


def test_a_rule_about_a_project_that_is_gone_is_not_made_one_about_all(acme, rule) -> None:
    web = Project.objects.create(organization=acme, slug="web")
    rule(name="about web", projects=["web"])
    web.delete()
    with pytest.raises(InvalidInput, match=r"rules\.0\.projects\.0"):
        planned(as_code.written(acme))


def test_a_destination_that_is_gone_is_refused_and_not_forgotten(acme, rule) -> None:
    gone = add_destination(acme, "memory", {"name": "x"})
    rule(name="tells x", destinations=[str(gone.pk)])
    gone.delete()
    with pytest.raises(InvalidInput, match=r"rules\.0\.destinations\.0"):
        planned(as_code.written(acme))


def test_the_target_of_an_action_is_named_like_a_destination(acme, other) -> None:
    ours = add_destination(acme, "memory", {"name": "ops"}, label="On call")
    add_destination(other, "memory", {"name": "theirs"}, label="Theirs")
    text = (
        "organization: acme\nrules:\n  - {name: a, event_types: ['*'], service: memory, target: destination,"
        " target_identifier: {channel: memory, label: On call}}\n"
    )
    apply(text)
    assert Rule.objects.get().target_identifier == str(ours.pk)
    for wrong in ("Theirs", "[a]", "On call, more: 2"):
        with pytest.raises(InvalidInput, match=r"rules\.0\.target_identifier \(line 3\)"):
            planned(text.replace("label: On call", f"label: {wrong}"))


@pytest.mark.parametrize("meanwhile", [condition("2"), condition("1").replace("name: a", "name: b")])
def test_of_two_files_at_once_one_is_applied_and_the_other_says_so(acme, rule, meanwhile) -> None:
    rule(name="c", to=["user:ana"])
    file, found = planned(
        condition("1").replace("name: a", "name: b") + condition("1").partition("rules:\n")[2]
    )
    apply(meanwhile, by="the other")
    with pytest.raises(Conflict, match="run it again"):
        as_code.carry_out(found, file.place, "late")
    assert set(RuleVersion.objects.exclude(by="user root").values_list("by", flat=True)) == {"the other"}
    assert not AuditEntry.objects.filter(by="late").exists()


def test_what_is_kept_or_pruned_must_be_what_was_looked_at(acme, rule) -> None:
    apply(condition("1"))
    old = rule(name="by hand", to=["user:ana"])
    for name, change in (("a", {"level": "error"}), ("by hand", {"to": ["user:ben"]})):
        file, found = planned(condition("1"), prune=True)
        stored = Rule.objects.get(name=name)
        [body] = as_code.bodies_of([save.spec_of(stored)])
        save.save(body | change, Place(acme.pk), "meanwhile", stored)
        with pytest.raises(Conflict):
            as_code.carry_out(found, file.place, "late")
        apply(condition("1"))
    old.refresh_from_db()
    assert old.deleted_at is None


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("organization: false\n", ["organization (line 1)"]),
        ("organization: 0\n", ["organization (line 1)"]),
        (
            "tests:\n  - {name: a, event: {organization: other}, expect: {}}\n",
            ["tests.0.event.organization (line 2)"],
        ),
        ('tests:\n  - {name: "a\\e[0m", event: {}, expect: {}}\n', ["tests.0.name (line 2)"]),
        (
            "tests:\n  - {name: a, event: {}, expect: {'user:ana': [fax]}}\n",
            ["tests.0.expect.user:ana (line 2)"],
        ),
        ("tests:\n  - {name: a, event: {}, expect: {'ana': [email]}}\n", ["tests.0.expect.ana (line 2)"]),
        (
            "rules:\n  - {name: a, event_types: ['*'], to: ['user:a'], stop: 1}\ntests: [{}]\n",
            ["rules.0.stop (line 2)", *(f"tests.0.{name} (line 3)" for name in ("name", "event", "expect"))],
        ),
    ],
)
def test_every_error_is_told_at_once_in_the_order_of_the_lines(acme, other, text, fields) -> None:
    with pytest.raises(InvalidInput) as refused:
        planned(text)
    assert [error.field for error in refused.value.errors] == fields
