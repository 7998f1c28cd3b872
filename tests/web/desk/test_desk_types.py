"""Event types at the desk: those of the software are looked at, the organization's own are made and deleted."""

from __future__ import annotations

import pytest

from tocsin.events import declared, types
from tocsin.events.declared import DeclaredType
from tocsin.levels import Level
from tocsin.rules.save import save
from tocsin.rules.spec import Place
from tocsin.tenants.audit import AuditEntry

HOSTILE = "<script>alert(1)</script>"
GIVEN = {"label": "Order paid", "key": "", "channels": ["message"], "level": "warning", "category": "Shop",
         "mandatory": "on", "max_recipients": "50"}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_memory():
    declared._read.clear()
    yield
    declared._read.clear()


def html(answer) -> str:
    return answer.content.decode()


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


@pytest.fixture
def kind(acme) -> DeclaredType:
    given = {"key": "acme:order-paid", "label": "Order paid"}
    return declared.save(acme.pk, given, "test", channels=["message"])


def test_those_of_the_software_are_looked_at(desk, at):
    page = html(desk.get(at("types")))
    assert "This organization has made no type yet." in page
    assert "Message from a colleague" in page
    assert "/tocsin/events/?type=task%3Afinished" in page
    assert f"{at('templates')}?type=task%3Afinished" in page
    assert desk.get(at("type", "task:finished")).status_code == 404


def test_those_of_the_settings_say_so(desk, at, settings):
    settings.TOCSIN = {"EVENT_TYPES": {"shop:closed": {"label": "Shop closed"}}}
    page = html(desk.get(at("types")))
    assert "from the settings" in page[page.index("Shop closed") :][:600]


def test_one_is_made_and_its_key_of_its_name(desk, acme, at):
    page = html(desk.post(at("type-make"), GIVEN, follow=True))
    assert "“Order paid” is kept." in page
    assert at("type", "acme:order-paid") in page
    kind = types.get_type("acme:order-paid", acme.pk)
    assert (kind.level, kind.category) == (Level.WARNING, "Shop")
    assert (kind.mandatory, kind.max_recipients) == (True, 50)
    assert actions() == ["type.create"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"label": ""}, "This field is required."),
        ({"label": "日本"}, "must be lower-case words"),
        ({"key": "other:paid"}, "must begin with"),
        ({"key": "acme:UP"}, "must be lower-case words"),
        ({"key": "acme:" + "k" * 100}, "at most 100 characters"),
        ({"channels": ["pigeon"]}, "Select a valid choice."),
        ({"level": "loud"}, "Select a valid choice."),
        ({"max_recipients": "-1"}, "greater than or equal to 0"),
        ({"category": "c" * 101}, "at most 100 characters"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(desk, at, given, said):
    answer = desk.post(at("type-make"), GIVEN | given)
    assert answer.status_code == 422
    assert said in html(answer)
    assert 'value="50"' in html(answer) or "max_recipients" in given
    assert not DeclaredType.objects.exists()


def test_made_twice_is_made_once(desk, at):
    answers = [desk.post(at("type-make"), GIVEN) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 422]
    assert "is taken" in html(answers[1])


def test_one_is_changed_and_keeps_its_key(desk, kind, at):
    page = html(desk.get(at("type", kind.key)))
    assert 'name="key"' not in page
    desk.post(at("type", kind.key), GIVEN | {"label": "Order is paid", "key": "acme:other"})
    kind.refresh_from_db()
    assert (kind.key, kind.label) == ("acme:order-paid", "Order is paid")
    assert actions() == ["type.create", "type.change"]


def test_the_rules_that_name_it_are_said_before_it_goes(desk, acme, kind, at):
    given = {"name": "Tell sales", "event_types": [kind.key], "to": ["org:acme"]}
    save(given, Place(acme.pk, None), "test")
    page = html(desk.get(at("type-delete", kind.key)))
    assert "Tell sales" in page
    assert DeclaredType.objects.exists()
    assert "is deleted." in html(desk.post(at("type-delete", kind.key), follow=True))
    assert not DeclaredType.objects.exists()
    assert desk.post(at("type-delete", kind.key)).status_code == 404


def test_anothers_is_missing_byte_for_byte(desk, globex, at):
    declared.save(globex.pk, {"key": "globex:x", "label": "Theirs"}, "test", channels=["message"])
    assert "Theirs" not in html(desk.get(at("types")))
    for name in ("type", "type-delete"):
        answers = [desk.get(at(name, key)) for key in ("globex:x", "nobodys")]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].content == answers[1].content
        assert desk.post(at(name, "globex:x"), GIVEN).status_code == 404


def test_hostile_text_is_text(desk, at):
    desk.post(at("type-make"), GIVEN | {"label": HOSTILE, "category": HOSTILE, "key": "acme:evil"})
    for page in (at("types"), at("type", "acme:evil"), at("type-delete", "acme:evil"), at("audit")):
        assert HOSTILE not in html(desk.get(page))
    assert HOSTILE not in html(desk.post(at("type-make"), GIVEN | {"label": HOSTILE, "level": HOSTILE}))
