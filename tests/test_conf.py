"""Settings: unknown keys are refused with the nearest known one, and secrets stay secret."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks

from tocsin import conf
from tocsin.recipients import secrets

WRONG_ORIGINS = (
    "shop.example.org", "https://shop.example.org/", "https://Shop.example.org", "https://shop.example.org:443",
    "ftp://shop.example.org", "null", "https://*.example.org", "https://a@shop.example.org", "https://shop.example.org\n",
)  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "named", "hint"),
    [
        ({"BASE_URLL": "x"}, "BASE_URLL", "BASE_URL"),
        ({"ENGINE": "thread"}, "inline, worker", ""),
        ({"LEASE_SECONDS": "30"}, "number", ""),
        ({"LEASE_SECONDS": True}, "number", ""),
        ({"ALLOWED_PRIVATE_NETWORKS": ["10.0.0.1/8"]}, "10.0.0.1/8", ""),
        ({"ALLOWED_PRIVATE_NETWORKS": "10.0.0.0/8"}, "list", ""),
        ({"INBOX_ORIGINS": ["*"]}, "name each origin", ""),
        ({"INBOX_ORIGINS": "https://shop.example.org"}, "list", ""),
        *(({"INBOX_ORIGINS": [wrong]}, "no origin as browsers write it", "") for wrong in WRONG_ORIGINS),
        ({"USER_FIELDS": {"mail": "email"}}, "mail", ""),
        ({"USER_FIELDS": {"email": "no__path"}}, "no__path", "profile__tz"),
        ({"SECRET_KEYS": ["not a key"]}, "generate_key", ""),
    ],
)
def test_a_wrong_setting_is_one_clear_check(settings, given, named, hint) -> None:
    settings.TOCSIN = given
    found = [error for error in run_checks() if (error.id or "").startswith("tocsin.E")]
    assert len(found) == 1, found
    assert named in found[0].msg
    assert hint in (found[0].hint or "")


@pytest.mark.django_db
def test_origins_as_browsers_write_them_are_fine(settings) -> None:
    settings.TOCSIN = {
        "INBOX_ORIGINS": ["https://shop.example.org", "http://localhost:3000", "http://[::1]:8443"]
    }
    assert [error for error in run_checks() if (error.id or "").startswith("tocsin.E")] == []


@pytest.mark.django_db
def test_the_settings_of_these_tests_are_fine() -> None:
    assert [error for error in run_checks() if (error.id or "").startswith("tocsin")] == []


def test_a_setting_that_is_not_declared_cannot_be_read() -> None:
    with pytest.raises(KeyError):
        conf.get("NO_SUCH_SETTING")


def test_a_secret_is_read_with_an_older_key_and_not_with_a_strange_one(settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.TOCSIN = {"SECRET_KEYS": [old]}
    sealed = secrets.seal({"token": "s3cret"})
    assert "s3cret" not in sealed
    settings.TOCSIN = {"SECRET_KEYS": [new, old]}
    assert secrets.unseal(sealed) == {"token": "s3cret"}
    settings.TOCSIN = {"SECRET_KEYS": [new]}
    with pytest.raises(secrets.SecretUnreadable, match="SECRET_KEYS"):
        secrets.unseal(sealed)


def test_without_keys_of_its_own_one_is_derived_from_the_sites(settings) -> None:
    settings.TOCSIN = {}
    sealed = secrets.seal({"token": "s3cret"})
    settings.SECRET_KEY = "another site altogether, with a key of its own"
    with pytest.raises(secrets.SecretUnreadable):
        secrets.unseal(sealed)
