"""`tocsin user` and `token`."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model

from tocsin.tenants import tokens

GOOD = "correct horse battery"


def user(name):
    return get_user_model().objects.get(username=name)


def test_a_user_with_groups_and_a_password_from_stdin(invoke):
    invoke("user", "create", "ana", "--email", "ana@example.org", "--group", "ops", "--group", "night",
           "--password-stdin", stdin=f"{GOOD}\n")  # fmt: skip
    ana = user("ana")
    assert ana.check_password(GOOD)
    assert {group.name for group in ana.groups.all()} == {"ops", "night"}
    assert (ana.email, ana.is_superuser) == ("ana@example.org", False)


def test_a_user_without_a_password_cannot_sign_in(invoke):
    invoke("user", "create", "ana", "--admin")
    assert not user("ana").has_usable_password()
    assert user("ana").is_superuser


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["ana"], "", "name: A user with that username already exists."),
        (["a b"], "", "name: Enter a valid username"),
        (["ben", "--email", "nobody"], "", "--email: Enter a valid email address"),
        (["ben", "--password-stdin"], "123\n", "password: This password is too short"),
        (["ben", "--password-stdin"], b"\xff\n", "password: is not UTF-8"),
    ],
)
def test_a_user_that_cannot_be(invoke, settings, arguments, stdin, said):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    ]
    invoke("user", "create", "ana")
    assert said in invoke("user", "create", *arguments, stdin=stdin, code=2).stderr
    assert get_user_model().objects.count() == 1


def test_a_token_is_printed_alone_works_and_is_revoked(invoke):
    plain = invoke("token", "create", "backup").stdout
    assert plain == f"{plain.strip()}\n"
    assert tokens.authenticate(plain.strip()).permissions == frozenset(tokens.DEFAULT_SCOPES)
    listed = invoke("token", "list").stdout + invoke("token", "list", "--json").stdout
    assert "backup" in listed
    assert plain.strip().rpartition("_")[2] not in listed
    invoke("token", "revoke", "backup")
    assert tokens.authenticate(plain.strip()) is None
    assert json.loads(invoke("token", "list", "--json").stdout)[0]["state"] == "revoked"


def test_an_operators_token(invoke):
    plain = invoke(
        "token", "create", "console", "--scope", "admin", "--operator", "--expires", "+90d"
    ).stdout.strip()
    assert tokens.authenticate(plain).is_operator
    assert json.loads(invoke("token", "list", "--json").stdout)[0]["organization"] == "(all)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "x", "--scope", "event:write"], "Did you mean 'events:write'?"),
        (["create", "x", "--organization", "acme"], "--organization: 'acme' is not known"),
        (["create", " "], "name: "),
        (["create", "x", "--expires", "tomorrow"], "'tomorrow' is no time"),
        (["revoke", "x"], "There is no token 'x'"),
    ],
)
def test_a_token_that_cannot_be(invoke, arguments, said):
    assert said in invoke("token", *arguments, code=2).stderr
