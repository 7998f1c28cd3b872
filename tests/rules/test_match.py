"""Matching by index finds exactly what looking at every rule would find."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rules.trees import TREES, facts, holds
from tocsin.levels import Level, parse_level
from tocsin.rules import match, save
from tocsin.rules.match import Subject, matching
from tocsin.rules.spec import Place, Spec
from tocsin.tenants.models import Membership, Organization, Project, Role

pytestmark = pytest.mark.django_db

PATTERNS = ["task:finished", "task:*", "*", "message:system", "message:*", "drill"]
TYPES = ["task:finished", "message:system", "message:internal", "drill"]


def subject(organization, type_="task:finished", level="info", project=None, **data):
    plain = {"type": type_, "level": level, "title": "x", "body": "", "status": "open", "group_key": "", "actor": "",
             "about": "", "url": "", "organization": "acme", "project": "", "data": data}  # fmt: skip
    return Subject(organization.pk, project, plain)


def names(found):
    return [rule.spec.name for rule in found]


SPECS = st.lists(
    st.fixed_dictionaries(
        {
            "event_types": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True),
            "level": st.sampled_from(["info", "warning", "error"]),
            "condition": st.one_of(st.none(), TREES),
            "active": st.booleans(),
        }
    ),
    max_size=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=SPECS, events=st.lists(st.tuples(facts(), st.sampled_from(TYPES)), min_size=1, max_size=4))
def test_the_index_finds_what_a_look_at_every_rule_finds(rules, events, acme) -> None:
    save.Rule.objects.all().delete()
    match._parsed.clear()
    saved = {}
    for number, given_rule in enumerate(rules):
        whole = given_rule | {"name": f"r{number}", "to": ["user:ana"]}
        saved[save.save(whole, Place(acme.pk), "x").pk] = given_rule
    subjects = [Subject(acme.pk, None, event | {"type": type_}) for event, type_ in events]
    for one, found in zip(subjects, matching(subjects), strict=True):
        assert {rule.rule for rule in found} == {pk for pk, r in saved.items() if _applies(r, one.facts)}
        for rule in found:
            assert match.decide(rule.spec, one).matched


def _applies(rule, event) -> bool:
    def about(pattern: str) -> bool:
        return pattern in (event["type"], "*") or (
            pattern[-1] == "*" and event["type"].startswith(pattern[:-1])
        )

    return (
        rule["active"]
        and any(map(about, rule["event_types"]))
        and parse_level(event["level"]) >= parse_level(rule["level"])
        and (rule["condition"] is None or holds(rule["condition"], event))
    )


def test_organizations_do_not_see_each_others_rules(acme, other, rule) -> None:
    rule(name="ours")
    assert [names(found) for found in matching([subject(acme), subject(other)])] == [["ours"], []]


def test_a_rule_of_some_projects(acme, rule) -> None:
    web = Project.objects.create(organization=acme, slug="web")
    rule(name="web", projects=["web"])
    rule(name="all")
    assert set(names(matching([subject(acme, project=web.pk)])[0])) == {"web", "all"}
    assert names(matching([subject(acme)])[0]) == ["all"]


def test_stop_ends_the_lower_rules_of_the_same_owner(acme, member, rule) -> None:
    ana = member("ana", acme, Role.MANAGER)
    rule(name="first", position=1)
    rule(name="second", position=2, stop=True)
    rule(name="third", position=3)
    rule(ana, name="own")
    assert names(matching([subject(acme)])[0]) == ["first", "second", "own"]


def test_a_persons_rule_needs_the_right_to_read_the_events(acme, other, member, rule) -> None:
    ana, ben = member("ana", acme, Role.MANAGER), member("ben", acme)
    rule(ana, name="of a manager")
    rule(ben, name="of a member")
    assert names(matching([subject(acme)])[0]) == ["of a manager"]
    Membership.objects.filter(user=ana).update(role=Role.MEMBER)
    assert names(matching([subject(acme)])[0]) == []


def test_a_change_is_seen_at_once(acme, rule) -> None:
    made = rule(name="a", condition={"field": "data.host", "op": "is", "value": "db1"})
    assert names(matching([subject(acme, host="db1")])[0]) == ["a"]
    save.save(
        {"name": "a", "event_types": ["*"], "to": ["user:ana"],
         "condition": {"field": "data.host", "op": "is", "value": "db2"}}, Place(acme.pk), "x", made,
    )  # fmt: skip
    assert [names(f) for f in matching([subject(acme, host="db1"), subject(acme, host="db2")])] == [[], ["a"]]
    save.switch(made, "x", active=False)
    assert names(matching([subject(acme, host="db2")])[0]) == []


def test_the_number_of_statements_does_not_grow(acme, rule) -> None:
    for number in range(30):
        rule(name=str(number), condition={"field": "data.host", "op": "is", "value": f"db{number % 3}"})
    counts = []
    for hosts in (["db1"], ["db1", "db2", "db0"] * 5):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            matching([subject(acme, host=host) for host in hosts])
        counts.append(len(queries))
    assert counts[0] >= counts[1]
    assert counts[1] <= 3


def test_without_rules_one_statement_is_asked(acme) -> None:
    with CaptureQueriesContext(connection) as queries:
        matching([subject(acme)])
    assert len(queries) == 1


def test_a_decision_names_every_reason() -> None:
    spec = Spec(
        "x", ("invoice:*",), Level.ERROR, (7,), condition={"field": "data.host", "op": "is", "value": "db1"}
    )
    decision = match.decide(spec, Subject(1, None, subject(Organization(pk=1), host="db2").facts))
    assert [why.code for why in decision.reasons] == ["type", "level", "project", "condition"]
    assert decision.reasons[-1].sentence == 'data.host should be: is "db1"; it is "db2".'
