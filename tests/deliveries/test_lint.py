"""What is doubtful about a rule is said, and a sound rule is left in peace."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import tocsin
from tocsin.deliveries import pauses
from tocsin.deliveries.lint import lint, lint_all
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.rules import save
from tocsin.rules.spec import Place, parse_spec
from tocsin.tenants.models import Membership, Organization, Project, Role, Team
from tocsin.tenants.organizations import implicit
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

TYPE = "message:internal"


@pytest.fixture
def acme(db: None) -> Organization:
    made = Organization.objects.create(slug="acme")
    Team.objects.create(organization=made, slug="empty")
    return made


@pytest.fixture
def ana(acme, person):
    made = person("ana")
    Membership.objects.create(organization=acme, user=made, role=Role.MANAGER)
    return made


GIVEN = {"name": "r", "event_types": [TYPE], "to": ["user:ana"], "channels": ["memory"]}


def codes(acme, owner=None, **given) -> list[tuple[str, str]]:
    place = Place(acme.pk, owner and owner.pk)
    found = lint(parse_spec({**GIVEN, **given}, place), place)
    assert all(one.sentence for one in found)
    return [(one.code, one.field) for one in found]


def test_a_sound_rule_gives_no_doubt(acme, ana) -> None:
    assert codes(acme) == []
    assert codes(acme, event_types=["message:*", "*"], to=["role:manager", "except:actor"]) == []
    assert codes(acme, ana, to=[]) == []


def test_who_is_nobody_is_named(acme, ana) -> None:
    assert codes(acme, to=["user:ana", "team:empty"]) == [("empty_audience", "to.1")]
    assert codes(acme, to=["team:empty"]) == [("empty_audience", "to.0"), ("empty_audience", "to")]


def test_an_owner_who_may_not_read_is_told(acme, person) -> None:
    assert codes(acme, person("ben"), to=[]) == [("empty_audience", "to")]


def test_who_has_no_address_is_named(acme, ana) -> None:
    Destination.objects.all().delete()
    assert codes(acme) == [("no_destination", "channels")]
    assert codes(acme, channels=["memory", "message"]) == []


def test_a_channel_that_is_paused_is_named(acme, ana) -> None:
    pauses.pause("memory", by="x")
    assert codes(acme) == [("no_destination", "channels")]


def test_a_destination_that_does_not_work_is_named(acme, ana, memory) -> None:
    kept = add_destination(acme, "memory", {"name": "ops", "fail": "reject"})
    given = {"to": [], "channels": [], "destinations": [str(kept.pk)]}
    assert codes(acme, **given) == []
    tocsin.notify(TYPE, title="x", to=[f"destination:{kept.pk}"], organization="acme")
    deliver_now()
    assert codes(acme, **given) == [("failing_destination", "destinations.0")]
    Destination.objects.filter(pk=kept.pk).update(disabled_at=datetime.now(UTC))
    assert codes(acme, **given) == [("failing_destination", "destinations.0")]


@pytest.mark.parametrize(
    "given",
    [
        {"condition": {"all": [{"field": "data.a", "op": "is", "value": v} for v in (1, 2)]}},
        {"level": "error", "condition": {"field": "level", "op": "is", "value": "info"}},
        {"condition": {"field": "type", "op": "is", "value": "drill"}},
        {"condition": {"field": "organization", "op": "is", "value": "other"}},
    ],
)
def test_a_rule_that_can_never_match_is_told(acme, ana, given) -> None:
    assert codes(acme, **given) == [("never_matches", "condition")]


def test_a_rule_whose_projects_are_gone_is_told(acme, ana) -> None:
    project = Project.objects.create(organization=acme, slug="web")
    place = Place(acme.pk)
    spec = parse_spec({**GIVEN, "projects": ["web"]}, place)
    assert lint(spec, place) == []
    project.delete()
    assert [one.field for one in lint(spec, place)] == ["projects"]


def test_a_type_that_is_not_declared_any_more_is_named(acme, ana) -> None:
    assert codes(acme, event_types=["nothing:*", TYPE]) == [("unknown_type", "event_types")]


def test_a_rule_behind_one_that_stops_is_told(acme, ana) -> None:
    first = save.save(
        {**GIVEN, "name": "first", "event_types": ["message:*"], "stop": True}, Place(acme.pk), "x"
    )
    assert codes(acme) == [("shadowed", "position")]
    assert codes(acme, position=-1) == []
    assert codes(acme, event_types=["*"]) == []
    assert codes(acme, ana, to=[]) == []
    condition = {"field": "data.host", "op": "starts_with", "value": "db"}
    save.save({**GIVEN, "name": "first", "stop": True, "condition": condition}, Place(acme.pk), "x", first)
    assert codes(acme) == []
    assert codes(acme, condition={"field": "data.host", "op": "in", "value": ["db1", "db2"]}) == [
        ("shadowed", "position")
    ]


def test_all_rules_in_use_are_looked_at(acme, ana) -> None:
    save.save(GIVEN, Place(acme.pk), "x")
    doubtful = save.save({**GIVEN, "name": "empty", "to": ["team:empty"]}, Place(acme.pk), "x")
    save.save({**GIVEN, "name": "off", "to": ["team:empty"], "active": False}, Place(acme.pk), "x")
    assert [(rule.pk, len(found)) for rule, found in lint_all(10)] == [(doubtful.pk, 2)]


def test_looking_costs_the_same_for_a_large_audience(
    acme, ana, person, django_assert_max_num_queries
) -> None:
    for number in range(30):
        Membership.objects.create(organization=acme, user=person(f"p{number}"), role=Role.MANAGER)
    implicit()  # it is made where it is missing
    with django_assert_max_num_queries(14):
        assert codes(acme, to=["role:manager"]) == []
