"""Tokens: shown once, kept as a digest, and believed no longer than they should be."""

from __future__ import annotations

import hashlib
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from tocsin.clock import frozen
from tocsin.errors import InvalidInput, NotFound
from tocsin.tenants import tokens
from tocsin.tenants.models import ApiToken, Organization
from tocsin.tenants.tokens import authenticate, cached, create_token, find_token, revoke

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_memory() -> None:
    tokens._cache.clear()


def forget() -> None:
    """As another process would see it."""
    tokens._cache.clear()


def test_a_token_says_whose_it_is_and_what_it_may() -> None:
    acme = Organization.objects.create(slug="acme", name="Acme")
    _, plain = create_token("ci", acme, scopes=["events:read"])
    scope = authenticate(plain)
    assert scope.organizations == {acme.pk}
    assert scope.may("events:read")
    assert not scope.may("events:write")
    assert scope.user_id is None


def test_without_scopes_it_may_send_and_read() -> None:
    _, plain = create_token("ci")
    assert authenticate(plain).permissions == {"events:write", "events:read", "events:address"}


def test_an_operators_token_sees_all_and_may_what_it_names() -> None:
    _, plain = create_token("ops", operator=True, scopes=["events:read"])
    scope = authenticate(plain)
    assert scope.is_operator
    assert not scope.may("admin")


def test_the_database_holds_nothing_that_works() -> None:
    token, plain = create_token("ci")
    assert re.fullmatch(r"tcs_[A-Za-z0-9]{10}_[A-Za-z0-9]{40}", plain)
    row = ApiToken.objects.values().get(pk=token.pk)
    secret = plain.rpartition("_")[2]
    assert secret not in repr(row)
    assert row["digest"] == hashlib.sha256(plain.encode()).hexdigest()


def another_last(plain: str) -> str:
    return plain[:-1] + ("a" if plain[-1] != "a" else "b")


@pytest.mark.parametrize("change", [another_last, str.upper, lambda t: t[:-1], lambda t: t + "a",
                                    lambda t: t[:-1] + "é", lambda t: "x" + t, lambda _: "",
                                    lambda t: t.rpartition("_")[0],
                                    lambda _: "tcs_" + "a" * 10 + "_" + "b" * 40, lambda _: "\ud800"])  # fmt: skip
def test_anything_else_is_nobody(change) -> None:
    _, plain = create_token("ci")
    assert authenticate(change(plain)) is None


def test_an_expired_token_is_nobody_even_from_memory() -> None:
    with frozen(NOW):
        _, plain = create_token("ci", expires=NOW + timedelta(seconds=1))
        assert authenticate(plain)
    with frozen(NOW + timedelta(seconds=1)):
        assert authenticate(plain) is None


def test_a_revoked_token_is_nobody_at_once_here(django_assert_num_queries) -> None:
    token, plain = create_token("ci")
    assert authenticate(plain)
    with django_assert_num_queries(0):
        assert authenticate(plain)
    revoke(token)
    assert cached(plain) is None
    assert authenticate(plain) is None
    assert token.revoked_at is not None


def test_memory_is_short(monkeypatch) -> None:
    token, plain = create_token("ci")
    assert authenticate(plain)
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=NOW)  # by another process
    assert authenticate(plain)
    later = tokens.time.monotonic() + tokens.CACHE_SECONDS
    monkeypatch.setattr(tokens.time, "monotonic", lambda: later)
    assert authenticate(plain) is None
    assert tokens.CACHE_SECONDS <= 5


def test_use_is_noted_at_most_once_a_minute(django_assert_num_queries) -> None:
    token, plain = create_token("ci")
    seen = []
    for seconds, queries in ((0, 4), (59, 1), (61, 4)):  # one reads; two are the savepoint
        forget()
        with frozen(NOW + timedelta(seconds=seconds)), django_assert_num_queries(queries):
            authenticate(plain)
        token.refresh_from_db()
        seen.append((token.last_used_at - NOW).total_seconds())
    assert seen == [0, 0, 61]


def test_a_full_disk_stops_no_reader(monkeypatch, caplog) -> None:
    _, plain = create_token("ci")

    def full(*_, **__):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(tokens.transaction, "atomic", full)
    assert authenticate(plain)
    assert "disk is full" in caplog.text


def test_no_token_is_ever_logged(caplog) -> None:
    caplog.set_level(logging.DEBUG)
    _, plain = create_token("ci")
    authenticate(plain)
    authenticate(plain[:-1] + "A")
    assert plain.rpartition("_")[2][:20] not in caplog.text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"name": "ci", "scopes": ["events:wirte"]}, "scopes"),
        ({"name": "ci", "scopes": []}, "scopes"),
        ({"name": "ci", "organization": "nowhere"}, "organization"),
        ({"name": "ci", "expires": datetime(2020, 1, 1, tzinfo=UTC)}, "expires"),
        ({"name": "ci", "expires": datetime(2099, 1, 1)}, "expires"),  # noqa: DTZ001
    ],
)
def test_wrong_input_names_the_field(given, field) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_token(**given)
    assert caught.value.errors[0].field == field
    assert caught.value.errors[0].remedy
    assert not ApiToken.objects.exists()


def test_a_token_is_found_by_name_or_prefix() -> None:
    one, _ = create_token("ci")
    assert find_token("ci") == find_token(one.prefix) == one
    with pytest.raises(NotFound):
        find_token("ic")
    create_token("ci")
    with pytest.raises(InvalidInput, match="prefix"):
        find_token("ci")
