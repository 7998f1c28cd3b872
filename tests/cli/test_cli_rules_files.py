"""Files of rules on the command line: who is told is named as people name them, and everything wrong at once."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model

from tocsin.recipients.destinations import add_destination
from tocsin.rules import as_code, bodies, registrations, save
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.tenants.models import Membership, Organization, Role

RULE = "organization: acme\nrules:\n  - {{name: a, event_types: ['*'], {}}}\n"
TEST = "tests:\n  - name: t\n    event: {{type: drill{}}}\n    expect: {}\n"


@pytest.fixture
def acme(db):
    return Organization.objects.create(slug="acme")


@pytest.fixture
def ana(acme):
    made = get_user_model().objects.create_user("ana", "ana@example.org")
    Membership.objects.create(organization=acme, user=made, role=Role.ADMIN)
    return made


@pytest.fixture
def check(invoke, tmp_path):
    def run(aim, expect, event="", code=0):
        path = tmp_path / "rules.yaml"
        path.write_text(RULE.format(aim) + TEST.format(event, expect))
        return invoke("rules", "check", str(path), code=code)

    return run


@pytest.mark.parametrize("named", ["ops@example.org", "OPS@Example.org"])
def test_an_address_is_expected_however_it_is_written(check, acme, named):
    check("to: ['email:Ops@example.org']", f"{{'email:{named}': [email]}}")
    said = check("to: ['email:Ops@example.org']", "{'email:eve@example.org': [email]}", code=1).stdout
    assert "    email:eve@example.org should be told by email\n" in said
    assert "    email:ops@example.org is told by email, because of rule:draft\n" in said


@pytest.mark.parametrize("named", ["On call", "ops"])
def test_a_destination_is_expected_by_its_label_or_its_address(check, acme, named):
    add_destination(acme, "memory", {"name": "ops"}, label="On call")
    check("destinations: [{channel: memory, label: On call}]", f"{{'memory:{named}': [memory]}}")


def test_a_person_is_expected_by_name_or_key(check, ana):
    aim = "to: ['role:admin'], channels: [message]"
    for named in ("ana", "name=ana", ana.pk):
        check(aim, f"{{'user:{named}': [message]}}")
    said = check(aim, "{'user:zoe': [message]}", code=1).stdout
    assert "user:zoe should be told by message" in said
    assert "user:ana is told by message, because of rule:draft" in said


def test_an_action_is_expected_by_the_name_of_its_rule(check, acme, monkeypatch):
    monkeypatch.setattr(registrations, "_actions", {})

    @registrations.register_action("drill", "memory", "specific")
    class Post(registrations.Action):
        def fire(self, data):
            raise AssertionError("a simulation carries nothing out")

    check("service: memory, target: specific, target_identifier: x", "{'action:a': [action]}")


def test_the_organization_may_be_left_out(check, ana, monkeypatch):
    monkeypatch.setitem(globals(), "RULE", RULE.removeprefix("organization: acme\n"))
    check("to: ['user:ana'], channels: [message]", "{'user:ana': [message]}")


def test_errors_of_rules_and_of_events_are_told_together(check, acme):
    said = check("to: [], lvel: x", "{}", event=", level: loud, at: 1", code=2).stderr
    assert [line.split(": ")[1] for line in said.splitlines()] == [
        "rules.0.lvel (line 3)",
        "tests.0.event.at (line 6)",
        "tests.0.event.level (line 6)",
    ]


def test_a_file_that_came_too_late_ends_with_1(invoke, ana, tmp_path, monkeypatch):
    path = tmp_path / "rules.yaml"
    path.write_text(RULE.format("to: ['user:ana']"))
    changes = as_code.changes

    place = Place(Organization.objects.get(slug="acme").pk)
    monkeypatch.setattr(
        as_code, "changes", lambda *args, **options: _meanwhile(changes(*args, **options), place)
    )
    assert "changed at the same moment" in invoke("rules", "apply", str(path), code=1).stderr
    assert Rule.objects.get().version == 1


def test_the_rules_of_the_settings_are_listed_without_their_addresses(invoke, acme, settings):
    own = {
        "name": "on-call",
        "channel": "memory",
        "level": "critical",
        "settings": {"name": ["hidden-1", "hidden-2"]},
    }
    settings.TOCSIN = {**settings.TOCSIN, "RULES": [own]}
    listed = invoke("rules", "list").stdout
    assert listed == "settings:on-call\tthe operator\ton-call\t* from critical\t2 of its own by memory\ton\n"
    assert "“on-call” of the operator (on)" in invoke("rules", "show", "settings:on-call").stdout
    assert "hidden" not in invoke("rules", "show", "settings:on-call", "--json").stdout
    assert invoke("rules", "list", "--owner", "org:acme").stdout == ""
    assert invoke("rules", "list", "--type", "drill").stdout == listed
    for absent in ("settings:other", "x", "7", "9" * 40):
        assert "There is no rule" in invoke("rules", "show", absent, code=2).stderr


def test_what_the_settings_tell_counts_only_where_it_is_expected(check, ana, settings):
    own = {"name": "on-call", "channel": "memory", "settings": {"name": "pager"}}
    settings.TOCSIN = {**settings.TOCSIN, "RULES": [own]}
    aim = "to: ['user:ana'], channels: [message]"
    check(aim, "{'user:ana': [message]}")
    check(aim, "{'user:ana': [message], 'memory:pager': [memory]}")


def test_a_change_of_what_was_changed_since_it_was_read_is_refused(invoke, acme, monkeypatch):
    rule = save.save({"name": "a", "event_types": ["drill"], "to": ["role:admin"]}, Place(acme.pk), "test")
    read = bodies.bodies_of

    def slow(specs):
        found = read(specs)
        save.switch(rule, "somebody", active=False)
        return found

    monkeypatch.setattr(bodies, "bodies_of", slow)
    assert "changed by somebody" in invoke("rules", "change", str(rule.pk), "--level", "error", code=1).stderr
    assert Rule.objects.get().active is False


def _meanwhile(found, place):
    save.save({"name": "a", "event_types": ["*"], "to": ["user:ana"]}, place, "somebody")
    return found


def test_a_rule_that_is_shown_comes_with_its_doubts(invoke, acme):
    rule = save.save(
        {
            "name": "a",
            "event_types": ["drill"],
            "service": "memory",
            "target": "specific",
            "target_identifier": "x",
        },
        Place(acme.pk),
        "test",
    )
    shown = invoke("rules", "show", str(rule.pk))
    assert "Nothing is registered for memory and specific" in shown.stderr
    told = save.save({"name": "b", "event_types": ["drill"], "to": ["role:admin"]}, Place(acme.pk), "test")
    assert "Warning: role:admin is nobody now." in invoke("rules", "show", str(told.pk)).stderr
    found = json.loads(invoke("rules", "show", str(told.pk), "--json").stdout)
    assert (found["warnings"][0]["code"], found["note"]) == ("empty_audience", "")
    invoke("rules", "delete", str(told.pk))
    assert json.loads(invoke("rules", "show", str(told.pk), "--json").stdout)["warnings"] == []
