"""Tokens at the desk: shown once, made once, and gone when they are revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tocsin import clock
from tocsin.tenants import tokens
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import ApiToken
from tocsin.tenants.tokens import MEANINGS, SCOPES, authenticate, create_token

HOSTILE = "<script>alert(1)</script>"
TEXT = re.compile(r'id="plain"[^>]* value="(tcs_\w+)"')
GIVEN = {
    "name": "nightly backup",
    "scopes": ["events:write"],
    "days": "90",
    "max_recipients": "",
    "once": "k" * 22,
}


@pytest.fixture(autouse=True)
def _no_memory() -> None:
    tokens._cache.clear()


def html(answer) -> str:
    return answer.content.decode()


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_every_scope_has_a_sentence():
    assert tuple(MEANINGS) == SCOPES


def test_its_text_is_shown_once_and_works(desk, acme, at):
    assert "No program has a token yet." in html(desk.get(at("tokens")))
    answer = desk.post(at("token-make"), GIVEN)
    plain = TEXT.search(html(answer)).group(1)
    assert f"Authorization: Bearer {plain}" in html(answer)
    assert "no-store" in answer["Cache-Control"]
    scope = authenticate(plain)
    assert scope.organizations == {acme.pk}
    assert scope.permissions == {"events:write"}
    for page in (at("tokens"), at("token-make"), at("audit")):
        shown = html(desk.get(page))
        assert plain not in shown
        assert plain.rpartition("_")[2] not in shown
    token = ApiToken.objects.get()
    assert timedelta(89) < token.expires_at - clock.now() <= timedelta(90)
    assert actions() == ["token.create"]


def test_a_double_click_makes_one(desk, at):
    first, second = (desk.post(at("token-make"), GIVEN, follow=True) for _ in range(2))
    assert TEXT.search(html(first))
    assert "This token was made already" in html(second)
    assert not TEXT.search(html(second))
    assert ApiToken.objects.count() == 1
    assert actions() == ["token.create"]


def test_every_form_makes_one_of_its_own(desk, at):
    for _ in range(2):
        once = re.search(r'name="once" value="([^"]+)"', html(desk.get(at("token-make")))).group(1)
        assert TEXT.search(html(desk.post(at("token-make"), GIVEN | {"once": once})))
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "n" * 101}, "at most 100 characters"),
        ({"name": "two\u2028lines"}, "must be one line"),
        ({"scopes": []}, "This field is required."),
        ({"scopes": ["everything"]}, "Select a valid choice."),
        ({"scopes": ["inbox"]}, "Select a valid choice."),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"days": "soon"}, "Enter a whole number."),
        ({"max_recipients": "-1"}, "greater than or equal to 0"),
        ({"max_recipients": "99999999999"}, "less than or equal to"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_made(desk, at, given, said):
    answer = desk.post(at("token-make"), GIVEN | given)
    assert answer.status_code == 422
    assert said in html(answer)
    assert not ApiToken.objects.exists()
    assert not actions()


def test_a_hostile_name_is_text_and_stays_typed(desk, at):
    wrong = html(desk.post(at("token-make"), GIVEN | {"name": HOSTILE, "days": "0"}))
    assert "&lt;script&gt;" in wrong
    assert HOSTILE not in wrong
    assert HOSTILE not in html(desk.post(at("token-make"), GIVEN | {"name": HOSTILE}))
    for page in (at("tokens"), at("token-revoke", ApiToken.objects.get().prefix), at("audit")):
        assert HOSTILE not in html(desk.get(page))


def test_a_revoked_one_works_no_more(desk, acme, at):
    token, plain = create_token("ci", acme)
    assert "It was never used." in html(desk.get(at("token-revoke", token.prefix)))
    assert authenticate(plain)
    assert "works no more" in html(desk.post(at("token-revoke", token.prefix), follow=True))
    assert authenticate(plain) is None
    assert "It is revoked already." in html(desk.get(at("token-revoke", token.prefix)))
    desk.post(at("token-revoke", token.prefix))
    assert actions() == ["token.create", "token.revoke"]


def test_the_list_tells_what_became_of_each(desk, acme, at):
    soon = clock.now() + timedelta(days=1)
    create_token("alive", acme, expires=soon, max_recipients=7, scopes=["rules", "inbox"])
    create_token("over", acme, expires=soon)
    ApiToken.objects.filter(name="over").update(expires_at=clock.now() - timedelta(days=1))
    gone, _ = create_token("gone", acme)
    tokens.revoke(gone)
    page = html(desk.get(at("tokens")))
    assert page.index("over") < page.index("gone")
    for told in (
        "at most 7 people at once",
        "Change who is told of what · Nothing more",
        "expired",
        "revoked",
        "works",
    ):
        assert told in page


def test_only_the_operator_makes_and_sees_those_of_all_organizations(desk, acme, person, browse, at):
    theirs, _ = create_token("console", acme, operator=True)
    assert "console" not in html(desk.get(at("tokens")))
    assert desk.get(at("token-revoke", theirs.prefix)).status_code == 404
    assert desk.post(at("token-revoke", theirs.prefix)).status_code == 404
    assert 'name="operator"' not in html(desk.get(at("token-make")))
    desk.post(at("token-make"), GIVEN | {"operator": "on"})
    assert not ApiToken.objects.get(name=GIVEN["name"]).is_operator
    root = browse(person("root", is_superuser=True))
    assert "console" in html(root.get(at("tokens")))
    root.post(at("token-make"), GIVEN | {"operator": "on", "name": "second", "once": "other"})
    assert ApiToken.objects.get(name="second").is_operator
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_anothers_is_missing_byte_for_byte(desk, globex, at):
    theirs, _ = create_token("theirs", globex)
    answers = [desk.get(at("token-revoke", prefix)) for prefix in (theirs.prefix, "nobodys")]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].content == answers[1].content
    assert desk.post(at("token-revoke", theirs.prefix)).status_code == 404
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_the_list_costs_the_same_for_one_and_for_many(desk, acme, at, django_assert_max_num_queries):
    create_token("first", acme)
    with django_assert_max_num_queries(20) as few:
        desk.get(at("tokens"))
    for number in range(10):
        create_token(f"t{number}", acme)
    with django_assert_max_num_queries(len(few)):
        desk.get(at("tokens"))
