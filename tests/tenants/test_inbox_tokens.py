"""An inbox token opens one person's inbox, for some hours, and ends with their password."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

import tocsin
from tocsin import clock
from tocsin.errors import InvalidInput
from tocsin.tenants.inbox_tokens import MARK, authenticate
from tocsin.testing import frozen

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", "", "first")


def test_it_names_the_person_and_allows_nothing_else(ana) -> None:
    token = tocsin.inbox_token(ana)
    scope = authenticate(token)
    assert token.startswith(MARK)
    assert (scope.user_id, scope.organizations, scope.permissions) == (ana.pk, frozenset(), frozenset())


def test_it_fits_into_a_header_and_says_nothing_of_the_password(ana) -> None:
    token = tocsin.inbox_token(ana)
    assert not set(token) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=")
    assert ana.get_session_auth_hash() not in tocsin.tenants.inbox_tokens._signer().unsign(token[len(MARK) :])


def test_it_expires(ana) -> None:
    now = clock.now()
    with frozen(now):
        token = tocsin.inbox_token(ana, HOUR)
    with frozen(now + HOUR - timedelta(seconds=1)):
        assert authenticate(token)
    with frozen(now + HOUR):
        assert authenticate(token) is None


def test_another_password_ends_it(ana) -> None:
    token = tocsin.inbox_token(ana)
    ana.set_password("second")
    ana.save()
    assert authenticate(token) is None


def test_it_ends_with_the_account(ana) -> None:
    token = tocsin.inbox_token(ana)
    ana.is_active = False
    ana.save()
    assert authenticate(token) is None
    with pytest.raises(InvalidInput, match="active"):
        tocsin.inbox_token(ana)
    ana.delete()
    assert authenticate(token) is None


def test_a_rotated_key_leaves_it_good_while_the_old_one_is_kept(ana, settings) -> None:
    token = tocsin.inbox_token(ana)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = (
        "another key, which is long enough",
        [settings.SECRET_KEY],
    )
    assert authenticate(token).user_id == ana.pk
    settings.SECRET_KEY_FALLBACKS = []
    assert authenticate(token) is None


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: t + "x", lambda t: MARK, lambda t: "tci_a.b.c", lambda t: "é"]
)
def test_what_is_not_ours_opens_nothing(ana, spoil) -> None:
    assert authenticate(spoil(tocsin.inbox_token(ana))) is None


@pytest.mark.parametrize("expires", [timedelta(0), -HOUR, timedelta(hours=24, seconds=1)])
def test_a_time_that_is_none_or_too_long_is_refused(ana, expires) -> None:
    with pytest.raises(InvalidInput, match="24 hours"):
        tocsin.inbox_token(ana, expires)


def test_nobody_has_none(django_user_model) -> None:
    for nobody in (AnonymousUser(), django_user_model(username="unsaved"), None):
        with pytest.raises(InvalidInput, match="saved, active user"):
            tocsin.inbox_token(nobody)
