"""What packages may register, what is refused at start and when a rule is saved, and what a form is offered."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

import tocsin
from tocsin import checks
from tocsin.channels import registry
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.recipients.destinations import add_destination
from tocsin.rules import registrations, save
from tocsin.rules.spec import Place
from tocsin.tenants.models import Team

GIVEN = {
    "name": "r",
    "event_types": ["message:system"],
    "service": "memory",
    "target": "desk",
    "target_identifier": "7",
}


@pytest.fixture(autouse=True)
def own(monkeypatch):
    """A registry of its own for each test."""
    for name in ("_actions", "_services", "_targets"):
        monkeypatch.setattr(registrations, name, {})
    tocsin.register_target("desk", "A desk")


class Nothing(tocsin.Action):
    def fire(self, data: Any) -> None:
        return None


class Choosy(Nothing):
    @classmethod
    def validate_action(cls, action: Any) -> None:
        if action["target_identifier"] != "7":
            raise invalid("target_identifier", "is no desk.", "Name 7.")


def register(trigger="message:system", service="memory", target="desk", action: Any = Nothing) -> None:
    tocsin.register_action(trigger=trigger, service=service, target=target)(action)


def problems() -> list[str]:
    return [str(one.msg) for one in checks.check_registrations()]


def test_the_same_wiring_twice_is_refused_by_another_class_only() -> None:
    register()
    register()
    with pytest.raises(InvalidInput, match="is registered twice"):
        register(action=Choosy)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"trigger": "message:sytem"}, "unknown trigger 'message:sytem'"),
        ({"trigger": "nothing:*"}, "unknown trigger 'nothing:*'"),
        ({"service": "memry"}, "unknown service 'memry'"),
        ({"target": "dessk"}, "unknown target 'dessk'"),
        ({"action": tocsin.Action}, "with fire()"),
        ({"action": dict}, "with fire()"),
    ],
)
def test_what_is_unknown_is_an_error_at_start(given, said) -> None:
    register(**given)
    assert any(said in one for one in problems())


def test_names_of_other_packages_are_known() -> None:
    tocsin.register_service("siren", "Siren")
    register(trigger="message:*", service="siren")
    assert problems() == []
    with pytest.raises(InvalidInput, match="registered twice"):
        tocsin.register_service("siren", "Another")


def test_the_most_specific_trigger_decides() -> None:
    class Wide(Nothing):
        pass

    class Middle(Nothing):
        pass

    register("*", action=Wide)
    register("audit:*", action=Middle)
    register("audit:key:*", action=Choosy)
    register("audit:key:made", action=Nothing)
    found = [
        registrations.find(key, "memory", "desk")
        for key in ("audit:key:made", "audit:key:lost", "audit:x", "other")
    ]
    assert found == [Nothing, Choosy, Middle, Wide]
    assert registrations.find("audit:x", "memory", "user") is None


def saved(acme, **more):
    return save.save({**GIVEN, **more}, Place(acme.pk), "x")


def errors(acme, **more) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        saved(acme, **more)
    return [one.field for one in refused.value.errors]


def test_a_registration_judges_the_rules_that_may_lead_to_it(acme) -> None:
    register(action=Choosy)
    assert saved(acme).pk
    assert errors(acme, name="b", target_identifier="8") == ["target_identifier"]
    register("message:internal")
    assert errors(
        acme, name="b", event_types=["message:internal", "message:system"], target_identifier="8"
    ) == ["target_identifier"]


def test_types_that_nothing_is_registered_for_need_a_plain_target(acme) -> None:
    register()
    assert errors(acme, event_types=["message:*"]) == ["target"]
    tocsin.register_service("siren", "Siren")
    assert errors(acme, service="siren", target="user") == ["service"]
    assert errors(acme, service="fax") == ["service"]
    assert errors(acme, target="nobody") == ["target"]
    assert errors(acme, target="user", target_identifier="") == ["target_identifier"]


@pytest.mark.parametrize(
    ("target", "identifier"),
    [
        ("user", "nobody"),
        ("team", "rivals"),
        ("team", "other/ops"),
        ("destination", "x"),
        ("destination", "987654321"),
        ("specific", "\x00"),
    ],
)
def test_a_plain_target_must_be_there(acme, other, target, identifier) -> None:
    Team.objects.create(organization=other, slug="rivals")
    assert errors(acme, target=target, target_identifier=identifier) == ["target_identifier"]


def test_plain_targets_of_the_organization_are_taken(acme, member) -> None:
    member("ana", acme)
    Team.objects.create(organization=acme, slug="ops")
    room = add_destination(acme, "memory", {"name": "room"})
    named = {"user": "ana", "team": "ops", "destination": str(room.pk), "specific": "somewhere"}
    for target, identifier in named.items():
        assert saved(acme, name=target, target=target, target_identifier=identifier).target == target


def test_a_person_has_no_such_rules(acme, member) -> None:
    with pytest.raises(InvalidInput, match="service"):
        save.save({**GIVEN, "target": "user"}, Place(acme.pk, member("ana", acme).pk), "x")


def test_what_can_be_chosen_is_gathered_and_one_that_fails_costs_only_itself(
    acme, other, django_assert_num_queries
) -> None:
    add_destination(other, "memory", {"name": "theirs"})
    room = add_destination(acme, "memory", {"name": "room"})

    class Broken(Nothing):
        @classmethod
        def serialize_available(cls, organization: str, destinations: Any) -> list[dict[str, Any]]:
            raise RuntimeError("no")

    class Rooms(Nothing):
        @classmethod
        def serialize_available(cls, organization: str, destinations: Any) -> list[dict[str, Any]]:
            return [{"organization": organization, **one} for one in destinations]

    register("drill", action=Broken)
    register("message:*", action=Rooms)
    registrations.available(acme.pk)
    with django_assert_num_queries(2):  # the slug of the organization, and its destinations
        broken, rooms = registrations.available(acme.pk)
    assert (broken["available"], broken["error"]) == ([], "RuntimeError was raised.")
    assert rooms == {
        "trigger": "message:*", "service": "memory", "target": "desk", "error": None,
        "available": [{"organization": "acme", "id": str(room.pk), "channel": "memory", "label": "room"}],
    }  # fmt: skip


@pytest.mark.parametrize("slug", ["", "Desk", "7th", "a b", "x" * 51, None, 7])
@pytest.mark.parametrize("enter", [tocsin.register_service, tocsin.register_target])
def test_a_name_is_a_slug(enter, slug) -> None:
    with pytest.raises(InvalidInput, match="is no slug"):
        enter(slug, "A label")


@pytest.mark.parametrize("slug", ["user", "team", "destination", "specific"])
def test_our_targets_are_not_to_be_registered(slug) -> None:
    with pytest.raises(InvalidInput, match="is always there"):
        tocsin.register_target(slug, "Another label")


def test_two_classes_of_one_wiring_are_both_named() -> None:
    register()
    with pytest.raises(InvalidInput, match=r"Keep one of .*Nothing and .*Choosy"):
        register(action=Choosy)


def test_an_async_fire_is_an_error_at_start() -> None:
    class Waits(tocsin.Action):
        async def fire(self, data: Any) -> None:  # type: ignore[override]
            return None

    register(action=Waits)
    assert any("has an async fire()" in one for one in problems())


def test_a_service_whose_channel_cannot_be_used_says_why(monkeypatch) -> None:
    lacking = registry.Missing(FieldError("x", "y", "Install tocsin[fax]."), "needs the extra fax", True)
    monkeypatch.setattr(registry, "missing", lambda: {"fax": lacking})
    register(service="fax")
    [error] = checks.check_registrations()
    assert ("needs the extra fax" in error.msg, "Install tocsin[fax]." in (error.hint or error.msg)) == (
        True,
        True,
    )


class Failing(Nothing):
    raised: Exception

    @classmethod
    def validate_action(cls, action: Any) -> None:
        raise cls.raised


@pytest.mark.parametrize(
    ("raised", "field", "said"),
    [
        (ValidationError({"service": ["is shut."]}), "service", "is shut."),
        (ValidationError(["is shut."]), "target_identifier", "is shut."),
        (ValidationError({NON_FIELD_ERRORS: ["is shut."]}), "target_identifier", "is shut."),
        (RuntimeError("s3cret"), "service", "raised RuntimeError"),
    ],
)
def test_what_a_registration_says_is_an_error_of_a_field(acme, monkeypatch, raised, field, said) -> None:
    monkeypatch.setattr(Failing, "raised", raised, raising=False)
    register(action=Failing)
    with pytest.raises(InvalidInput) as refused:
        saved(acme)
    [error] = refused.value.errors
    assert (error.field, said in error.message, "s3cret" in str(error)) == (field, True, False)


@pytest.mark.parametrize("offered", [None, "text", {"a": 1}, [object()], [float("nan")]])
def test_an_offer_that_is_no_list_of_data_costs_only_itself(acme, offered) -> None:
    class Odd(Nothing):
        @classmethod
        def serialize_available(cls, organization: str, destinations: Any) -> Any:
            return offered

    register(action=Odd)
    [one] = registrations.available(acme.pk)
    assert one["available"] == []
    assert one["error"] in ("TypeError was raised.", "ValueError was raised.")


def test_one_offer_changes_nothing_for_the_next(acme) -> None:
    add_destination(acme, "memory", {"name": "room"})

    class Greedy(Nothing):
        @classmethod
        def serialize_available(cls, organization: str, destinations: Any) -> list[dict[str, Any]]:
            return [destinations[0].pop("label")]

    register("drill", action=Greedy)
    register("message:*", action=Greedy)
    assert [one["available"] for one in registrations.available(acme.pk)] == [["room"], ["room"]]


def test_a_rule_that_is_covered_in_part_says_so(acme) -> None:
    register()
    made = saved(acme, event_types=["message:*"], target="specific", target_identifier="x")
    spec = save.spec_of(made)
    assert "Nothing is registered for memory and specific" in registrations.note_of(spec)
    register(target="specific")
    assert "For some of its types" in registrations.note_of(spec)
    assert registrations.note_of(spec, ("message:system",)) == ""
    assert "written and sent" in registrations.note_of(spec, ("message:internal",))
