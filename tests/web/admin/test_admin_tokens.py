"""Tokens in Django's admin: made and shown once, revoked, and never to be read."""

from __future__ import annotations

import json
import re

import pytest

from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import ApiToken
from tocsin.tenants.tokens import authenticate, create_token

pytestmark = pytest.mark.django_db

LIST = "/admin/tocsin/apitoken/"


@pytest.fixture
def form(desk, acme):
    """The fields of a good form, as a browser gets it."""
    once = re.search(r'name="once" value="([^"]+)"', desk.get(f"{LIST}add/").text).group(1)
    return {"name": "backup", "organization": acme.pk, "scopes": ["events:write"], "once": once}


def made(answer):
    return re.search(r"<code>(tcs_\w+)</code>", answer.text).group(1)


def test_a_token_is_shown_in_the_answer_and_never_again(desk, root, acme, form):
    answer = desk.post(f"{LIST}add/", form)
    plain = made(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    scope = authenticate(plain)
    assert (scope.organizations, scope.permissions) == ({acme.pk}, {"events:write"})
    assert [(one.action, one.by) for one in AuditEntry.objects.all()] == [("token.create", f"user {root.pk}")]
    later = [desk.get(path).text for path in (LIST, f"{LIST}{ApiToken.objects.get().pk}/change/", "/admin/")]
    kept = json.dumps(dict(desk.session.items())) + str(answer.cookies)
    assert plain not in "".join(later) + kept
    assert ApiToken.objects.get().digest not in "".join(later)


def test_a_form_that_is_sent_twice_makes_one_token(desk, form):
    desk.post(f"{LIST}add/", form)
    again = desk.post(f"{LIST}add/", form)
    assert "made already" in again.text
    assert "tcs_" not in again.text
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"name": "two\nlines"}, "name"),
        ({"organization": ""}, "organization"),
        ({"expires_at_0": "2001-01-01", "expires_at_1": "00:00"}, "expires_at"),
        ({"max_recipients": "-1"}, "max_recipients"),
        ({"max_recipients": "2147483648"}, "max_recipients"),
    ],
)
def test_a_complaint_stands_at_its_field_and_nothing_is_made(desk, form, given, field):
    answer = desk.post(f"{LIST}add/", form | given)
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not ApiToken.objects.exists()
    assert not AuditEntry.objects.exists()


def test_limits_are_kept(desk, form):
    desk.post(f"{LIST}add/", form | {"is_operator": "on", "max_recipients": "5",
                                     "expires_at_0": "2099-01-01", "expires_at_1": "00:00"})  # fmt: skip
    token = ApiToken.objects.get()
    assert (token.is_operator, token.max_recipients, token.expires_at.year) == (True, 5, 2099)


def test_tokens_are_revoked_and_stay_on_record(desk, root, acme):
    token, plain = create_token("backup", acme)
    answer = desk.post(LIST, {"action": "revoke", "_selected_action": token.pk}, follow=True)
    assert "Revoked: 1 of 1." in answer.text
    assert authenticate(plain) is None
    assert AuditEntry.objects.get(action="token.revoke").by == f"user {root.pk}"
    assert desk.post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).status_code == 403


def test_who_may_only_look_revokes_and_makes_none(let_in, acme):
    token, plain = create_token("backup", acme)
    clerk = let_in("view_apitoken")
    assert 'value="revoke"' not in clerk.get(LIST).text
    clerk.post(LIST, {"action": "revoke", "_selected_action": token.pk})
    assert authenticate(plain)
    assert clerk.get(f"{LIST}add/").status_code == 403
