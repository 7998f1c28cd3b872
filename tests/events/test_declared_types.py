"""Event types that an administrator declares: whose they are, who may send them, and what wins."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tocsin
from tocsin import pipeline
from tocsin.channels import registry
from tocsin.errors import InvalidInput
from tocsin.events import declared, types
from tocsin.events.declared import DeclaredType, types_for
from tocsin.events.models import Event
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Organization
from tocsin.tenants.organizations import implicit
from tocsin.tenants.scope import Scope
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_read():
    declared.forget()


@pytest.fixture
def acme():
    return Organization.objects.create(slug="acme", name="Acme")


def declare(organization, kind=None, **fields):
    given = {"key": f"{organization.slug}:deployed", "label": "Deployed"} if kind is None else {}
    return declared.save(organization.pk, given | fields, "ana", kind, channels=registry.channels())


def refused(call):
    with pytest.raises(InvalidInput) as caught:
        call()
    return {error.field: error.message for error in caught.value.errors}


def notify(organization, key, **fields):
    return tocsin.notify(key, title="v7", organization=organization.slug, **fields)


def test_an_event_of_a_declared_type_is_accepted_and_told_by_its_channels(acme, django_user_model) -> None:
    ana = django_user_model.objects.create_user("ana", "ana@example.org")
    declare(acme, channels=["header_message"], level="warning")
    event = notify(acme, "acme:deployed", to=[f"user:{ana.pk}"])
    deliver_now()
    stored = Event.objects.get(pk=event.id)
    assert stored.level == 30
    assert stored.trace["channels"] == {"to": ["header_message"]}


def test_another_organization_does_not_know_it_and_is_told_the_same_as_for_a_type_that_never_was(
    acme,
) -> None:
    other = Organization.objects.create(slug="other", name="Other")
    declare(acme)
    theirs, nobodys = (
        refused(lambda key=key: notify(other, key)) for key in ("acme:deployed", "acme:deploxed")
    )
    assert {field: text.replace("deployed", "deploxed") for field, text in theirs.items()} == nobodys


def test_what_was_declared_a_moment_ago_in_another_process_is_accepted_at_once(acme) -> None:
    refused(lambda: notify(acme, "acme:deployed"))
    assert types.find("acme:deployed").label == "acme:deployed"
    DeclaredType(organization=acme, **_columns()).save()
    assert notify(acme, "acme:deployed").created


def _columns():
    now = "2026-01-01T00:00Z"
    return {"key": "acme:deployed", "label": "D", "level": 20, "created_at": now, "updated_at": now}


@pytest.mark.parametrize(("key", "queries"), [("message:system", 0), ("acme:deployed", 1)])
def test_a_declared_type_is_read_once_for_many_events_and_one_of_code_never(acme, key, queries) -> None:
    declare(acme)
    scope = Scope(frozenset({acme.pk}))
    with CaptureQueriesContext(connection) as asked:
        for _ in range(20):
            pipeline.parse({"type": key, "title": "x"}, scope)
    assert len([one for one in asked if "tocsin_declaredtype" in one["sql"]]) == queries


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"key": "deployed"}, {"key"}),
        ({"key": "other:deployed"}, {"key"}),
        ({"key": "acme:Deployed"}, {"key"}),
        ({"key": None}, {"key"}),
        ({"key": "acme:" + "x" * 100}, {"key"}),
        ({"label": " "}, {"label"}),
        ({"label": "two\nlines", "level": "grave"}, {"label", "level"}),
        ({"channels": ["message", "emial"]}, {"channels.1"}),
        ({"channels": "email"}, {"channels"}),
        ({"mandatory": "yes", "max_recipients": -1}, {"mandatory", "max_recipients"}),
        ({"max_recipients": 2**31}, {"max_recipients"}),
        ({"nonsense": 1}, {"nonsense"}),
    ],
)  # fmt: skip
def test_every_error_is_told_and_nothing_is_stored(acme, fields, wrong) -> None:
    assert set(refused(lambda: declare(acme, **fields))) == wrong
    assert not DeclaredType.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_implicit_organization_may_choose_any_key_that_is_free(acme) -> None:
    declare(implicit(), key="deployed")
    assert "taken" in refused(lambda: declare(implicit(), key="deployed"))["key"]
    assert "declared in code" in refused(lambda: declare(implicit(), key="message:system"))["key"]


def test_a_type_of_the_settings_is_refused_and_wins_where_it_comes_later(acme, settings) -> None:
    declare(acme, label="Ours")
    settings.TOCSIN = {**settings.TOCSIN, "EVENT_TYPES": {"acme:deployed": {"label": "Theirs"}}}
    assert types.find("acme:deployed").label == "Theirs"
    assert types_for(Scope(frozenset({acme.pk})))["acme:deployed"].label == "Theirs"


def test_a_change_holds_at_once_keeps_the_key_and_is_in_the_audit_log(acme) -> None:
    kind = declare(acme)
    assert types.find("acme:deployed").label == "Deployed"
    declare(acme, kind, label="Rolled out", category="operations")
    assert types.find("acme:deployed").label == "Rolled out"
    assert set(refused(lambda: declare(acme, kind, key="acme:other", label="x"))) == {"key"}
    entry = AuditEntry.objects.order_by("pk").last()
    assert (entry.action, entry.subject, entry.by) == ("type.change", "type:acme:deployed", "ana")
    assert entry.after == {"label": "Rolled out", "category": "operations"}


def test_an_event_of_a_deleted_type_still_shows_under_its_key(acme) -> None:
    kind = declare(acme)
    notify(acme, "acme:deployed")
    declared.delete(kind, "ana")
    declared.delete(kind, "ana")
    assert types.find("acme:deployed").label == "acme:deployed"
    assert set(refused(lambda: notify(acme, "acme:deployed"))) == {"type"}
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "type.create",
        "type.delete",
    ]


def test_events_of_a_deleted_type_are_looked_up_once_not_once_each(acme, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        assert {types.find("acme:gone").label for _ in range(20)} == {"acme:gone"}


def test_a_reader_sees_the_types_of_their_organizations_only(acme) -> None:
    other = Organization.objects.create(slug="other", name="Other")
    declare(acme)
    declare(other)
    ours = types_for(Scope(frozenset({acme.pk})))
    assert "acme:deployed" in ours
    assert "other:deployed" not in ours
    assert {"acme:deployed", "other:deployed", "drill"} <= set(types_for(Scope(None)))


def test_an_organization_declares_no_more_than_its_share(acme, monkeypatch) -> None:
    monkeypatch.setattr(declared, "MOST_TYPES", 1)
    declare(acme)
    assert "one too many" in refused(lambda: declare(acme, key="acme:two"))["key"]


def test_the_list_of_types_over_http_is_the_readers(client, acme, django_user_model) -> None:
    from tocsin.tenants.tokens import create_token

    other = Organization.objects.create(slug="other", name="Other")
    declare(acme)
    declare(other)
    _, plain = create_token("t", acme)
    items = client.get("/tocsin/api/v1/event-types", headers={"Authorization": f"Bearer {plain}"}).json()[
        "items"
    ]
    keys = {item["key"] for item in items}
    assert "acme:deployed" in keys
    assert "other:deployed" not in keys


def test_a_rule_may_name_the_organizations_own_type_and_no_others(acme) -> None:
    from tocsin.rules.save import save
    from tocsin.rules.spec import Place

    other = Organization.objects.create(slug="other", name="Other")
    declare(acme)
    rule = {"name": "r", "event_types": ["acme:deployed"], "to": ["role:admin"]}
    assert save(rule, Place(acme.pk), "ana").event_types == ["acme:deployed"]
    assert set(refused(lambda: save(rule, Place(other.pk), "ana"))) == {"event_types.0"}


def test_a_person_may_switch_a_declared_type_of_their_organization_off(acme) -> None:
    from tocsin.recipients import preferences

    declare(acme)
    given = [{"subject": "acme:deployed", "channel": "email", "wanted": False}]
    assert preferences.parse_changes(given, organization=acme.pk)
    assert set(refused(lambda: preferences.parse_changes(given))) == {"changes.0.subject"}
    assert ("acme:deployed", "email") in preferences.cells(1, acme.pk, ["email"])
