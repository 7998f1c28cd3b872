"""A rule all the way: an event meets it, people are told, and the ledger says by which rule and version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

import tocsin
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.explain import explain
from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.tenants.models import Membership, Organization, Role, Team, TeamMember
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

User = get_user_model()
TYPE = "message:system"


@pytest.fixture(autouse=True)
def memory():
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


@pytest.fixture
def acme():
    return Organization.objects.create(slug="acme")


@pytest.fixture
def people(acme):
    made = {}
    sales = Team.objects.create(organization=acme, slug="sales")
    for name, role in (("ana", Role.MANAGER), ("ben", Role.MEMBER)):
        made[name] = User.objects.create_user(name, f"{name}@example.org")
        Membership.objects.create(organization=acme, user=made[name], role=role)
        add_destination(made[name], "memory", {"name": name})
        TeamMember.objects.create(team=sales, user=made[name])
    return made


def rule(acme, owner=None, **given):
    return save.save(
        {"name": "r", "event_types": [TYPE]} | given, Place(acme.pk, owner and owner.pk), "user root"
    )


def say(**fields):
    event = tocsin.notify(TYPE, title="x", organization="acme", **fields)
    deliver_now()
    rows = Delivery.objects.filter(event=event.id).order_by("pk")
    return event, [(row.identity, row.layer, row.rule_version, row.state) for row in rows]


def test_a_rule_adds_a_team(acme, people) -> None:
    made = rule(acme, to=["team:sales"], channels=["memory"], level="error")
    assert say()[1] == []
    _, rows = say(level="error")
    layer = f"rule:{made.pk}@1"
    assert sorted(rows) == [("ana", layer, 1, "sent"), ("ben", layer, 1, "sent")]


def test_who_is_named_twice_is_told_once_on_each_channel(acme, people) -> None:
    rule(acme, to=["team:sales"], channels=["memory"])
    _, rows = say(to=["user:ana"], channel="memory")
    assert [(identity, layer.partition(":")[0]) for identity, layer, *_ in rows] == [
        ("ana", "to"),
        ("ben", "rule"),
    ]


def test_a_person_gets_the_union_of_the_channels_of_those_who_name_them(acme, people) -> None:
    rule(acme, to=["user:ana"], channels=["memory"])
    event, rows = say(to=["team:sales"])
    assert {identity for identity, layer, *_ in rows if layer != "to"} == {"ana"}
    assert {item.user.username for item in tocsin_items(event)} == {"ana", "ben"}


def tocsin_items(event):
    from tocsin.inbox.models import InboxItem

    return InboxItem.objects.filter(event=event.id)


def test_a_forced_channel_replaces_the_rules_choice(acme, people) -> None:
    rule(acme, to=["team:sales"], channels=["email"])
    _, rows = say(channel="memory")
    assert {identity for identity, *_ in rows} == {"ana", "ben"}


def test_destinations_are_told_exactly_and_nobody_else(acme, people) -> None:
    desk = add_destination(acme, "memory", {"name": "desk"})
    other = add_destination(acme, "email", {"email_address": "desk@example.org"})
    rule(acme, destinations=[str(desk.pk), str(other.pk)])
    _, rows = say(channel="memory")
    assert [identity for identity, *_ in rows] == ["desk"]


def test_a_persons_own_rule_tells_them(acme, people) -> None:
    rule(acme, people["ana"], channels=["memory"])
    rule(acme, people["ben"], name="not entitled", channels=["memory"])
    assert [identity for identity, *_ in say()[1]] == ["ana"]


def test_rules_are_those_of_the_moment_the_event_is_due(acme, people) -> None:
    made = rule(acme, to=["user:ana"], channels=["memory"])
    later = datetime.now(UTC) + timedelta(hours=1)
    event = tocsin.notify(TYPE, title="x", organization="acme", due_at=later)
    save.save(
        {"name": "r", "event_types": [TYPE], "to": ["user:ben"], "channels": ["memory"]},
        Place(acme.pk),
        "x",
        made,
    )
    with frozen(later):
        deliver_now()
    [row] = Delivery.objects.filter(event=event.id)
    assert (row.identity, row.rule_version) == ("ben", 2)


def test_what_was_planned_is_explained_by_the_version_of_then(acme, people) -> None:
    made = rule(acme, to=["user:ana"], channels=["memory"])
    event, _ = say()
    save.delete(made, "x")
    said = "\n".join(explain(Event.objects.get(pk=event.id)).sentences)
    assert f"rule:{made.pk}@1" in said
    assert "user:ana" in said
    _, rows = say()
    assert rows == []


def test_an_action_rule_without_a_registration_is_plain_sending(acme, people) -> None:
    rule(acme, service="memory", target="specific", target_identifier="war room")
    rule(acme, name="to a user", service="memory", target="user", target_identifier="ben")
    assert sorted(identity for identity, *_ in say()[1]) == ["ben", "war room"]


def test_a_rule_that_did_not_apply_is_named_with_the_leaf_that_failed(acme, people) -> None:
    condition = {
        "all": [
            {"field": "data.host", "op": "is", "value": "db1"},
            {"field": "data.n", "op": "gte", "value": 3},
        ]
    }
    made = rule(acme, to=["user:ana"], channels=["memory"], condition=condition, level="warning")
    event, _ = say(level="error", data={"host": "db2", "n": 5})
    save.save(
        {"name": "r", "event_types": [TYPE], "to": ["user:ana"]}, Place(acme.pk), "x", made
    )  # changed since: it would apply now
    for who in (None, people["ana"]):
        said = "\n".join(explain(Event.objects.get(pk=event.id), who).sentences)
        assert f"rule:{made.pk}@1 “r” did not apply" in said
        assert 'data.host should be: is "db1"; it is "db2".' in said
        assert "data.n" not in said


def test_rules_of_other_types_and_organizations_are_not_told_of(acme, people) -> None:
    rule(acme, event_types=["drill"], to=["user:ana"])
    save.save(
        {"name": "r", "event_types": ["*"], "to": ["user:ana"]},
        Place(Organization.objects.create(slug="o").pk),
        "x",
    )
    event, _ = say()
    assert "did not apply" not in "\n".join(explain(Event.objects.get(pk=event.id)).sentences)
