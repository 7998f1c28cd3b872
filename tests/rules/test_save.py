"""Saving a rule: everything or nothing, with a version, an entry in the log, and a way back."""

from __future__ import annotations

import pytest

from tocsin.errors import Conflict, InvalidInput
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.models import Rule, RuleKey, RuleVersion
from tocsin.rules.spec import Place
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Project

pytestmark = pytest.mark.django_db

FINE = {"name": "Late invoices", "event_types": ["task:finished"], "to": ["team:sales"]}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\r\nb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": 7}, "name"),
        ({"event_types": []}, "event_types"),
        ({"event_types": "task:finished"}, "event_types"),
        ({"event_types": ["task:finishd"]}, "event_types.0"),
        ({"event_types": ["task:finished", "invoice*"]}, "event_types.1"),
        ({"event_types": ["*:paid"]}, "event_types.0"),
        ({"event_types": [7]}, "event_types.0"),
        ({"level": "grave"}, "level"),
        ({"level": 40}, "level"),
        ({"projects": ["nowhere"]}, "projects.0"),
        ({"projects": "web"}, "projects"),
        ({"condition": {"all": [{"field": "data.a", "op": "si", "value": 1}]}}, "condition.all.0.op"),
        ({"to": "team:sales"}, "to"),
        ({"to": ["team:sales", "nobody"]}, "to.1"),
        ({"to": ["team:other/sales"]}, "to.0"),
        ({"channels": ["pigeon"]}, "channels.0"),
        ({"channels": [["email"]]}, "channels.0"),
        ({"destinations": ["999999"], "to": []}, "destinations.0"),
        ({"destinations": [7], "to": []}, "destinations.0"),
        ({"to": []}, "to"),
        ({"options": {"a": 1}}, "options"),
        ({"options": ["a"]}, "options"),
        ({"options": {"a": "\x00"}}, "options"),
        ({"options": {"a": "x" * 8_000}}, "options"),
        ({"service": "slack"}, "to"),
        ({"service": "slack", "to": []}, "target"),
        ({"target": "user"}, "target"),
        ({"active": "yes"}, "active"),
        ({"stop": 1}, "stop"),
        ({"position": 1.5}, "position"),
        ({"position": True}, "position"),
        ({"nmae": "x"}, "nmae"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path_and_nothing_is_stored(acme, given, field) -> None:
    with pytest.raises(InvalidInput) as caught:
        save.save(FINE | given, Place(acme.pk), "user root")
    assert field in [error.field for error in caught.value.errors]
    assert not Rule.objects.exists()
    assert not RuleVersion.objects.exists()
    assert not AuditEntry.objects.exists()


def test_all_errors_are_told_at_once(acme) -> None:
    with pytest.raises(InvalidInput) as caught:
        save.save({"level": "x", "condition": 7, "to": ["x"]}, Place(acme.pk), "user root")
    assert {error.field for error in caught.value.errors} == {
        "name",
        "event_types",
        "level",
        "condition",
        "to.0",
    }


def test_what_is_anothers_is_answered_like_what_is_missing(acme, other, member) -> None:
    theirs = add_destination(other, "memory", {"name": "theirs"})
    Project.objects.create(organization=other, slug="web")
    ben = member("ben", other)
    bens = add_destination(ben, "memory", {"name": "second"})
    refused = []
    for numbers in ([str(theirs.pk)], [str(bens.pk)], ["999999"]):
        with pytest.raises(InvalidInput) as caught:
            save.save(FINE | {"to": [], "destinations": numbers}, Place(acme.pk), "x")
        refused.append(str(caught.value).replace(numbers[0], "N"))
    assert len(set(refused)) == 1
    for slug in ("web", "missing"):
        with pytest.raises(InvalidInput, match="is not known"):
            save.save(FINE | {"projects": [slug]}, Place(acme.pk), "x")


def test_every_change_is_a_version_and_an_entry_in_the_log(acme) -> None:
    rule = save.save(FINE, Place(acme.pk), "user ana")
    save.save(FINE | {"level": "error"}, Place(acme.pk), "user ben", rule)
    save.delete(rule, "user ben")
    versions = RuleVersion.objects.filter(rule=rule.pk).order_by("number")
    assert [(v.number, v.action, v.by, v.spec["level"]) for v in versions] == [
        (1, "create", "user ana", "info"),
        (2, "change", "user ben", "error"),
        (3, "delete", "user ben", "error"),
    ]
    log = AuditEntry.objects.all()
    assert [(e.action, e.by) for e in log.order_by("pk")] == [
        ("rule.create", "user ana"),
        ("rule.change", "user ben"),
        ("rule.delete", "user ben"),
    ]
    changed = log.order_by("pk")[1]
    assert (changed.before, changed.after) == ({"level": "info"}, {"level": "error"})


def test_undo_brings_back_what_was_before(acme) -> None:
    rule = save.save(FINE, Place(acme.pk), "user ana")
    with pytest.raises(Conflict):
        save.undo(rule, "user ana")
    save.save(FINE | {"level": "error"}, Place(acme.pk), "user ana", rule)
    assert save.spec_of(save.undo(rule, "user ana")).level.slug == "info"
    save.delete(rule, "user ana")
    assert not RuleKey.objects.filter(rule=rule).exists()
    back = save.undo(rule, "user ana")
    assert back.deleted_at is None
    assert RuleKey.objects.filter(rule=rule).exists()
    assert save.spec_of(back).level.slug == "info"


def test_a_name_is_taken_once_by_each_owner(acme, other, member) -> None:
    ana = member("ana", acme)
    first = save.save(FINE, Place(acme.pk), "x")
    save.save(FINE, Place(other.pk), "x")
    save.save(FINE | {"to": []}, Place(acme.pk, ana.pk), "x")
    with pytest.raises(InvalidInput, match="taken"):
        save.save(FINE, Place(acme.pk), "x")
    save.save(FINE | {"level": "error"}, Place(acme.pk), "x", first)
    save.delete(first, "x")
    save.save(FINE, Place(acme.pk), "x")
    with pytest.raises(InvalidInput, match="taken"):
        save.undo(first, "x")


def test_your_own_rule_tells_you(acme, member) -> None:
    ana = member("ana", acme)
    with pytest.raises(InvalidInput, match="tells you"):
        save.save(FINE, Place(acme.pk, ana.pk), "x")
    own = add_destination(ana, "memory", {"name": "second"})
    save.save(FINE | {"to": [], "destinations": [str(own.pk)]}, Place(acme.pk, ana.pk), "x")
