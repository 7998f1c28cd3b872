"""Destinations: validated by the channel, once per owner and address, with secrets that stay inside."""

from __future__ import annotations

import pytest

from tocsin.errors import InvalidInput
from tocsin.recipients import secrets
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Organization

pytestmark = pytest.mark.django_db

SECRET = "whsec_" + "QUJD" * 11


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana")


@pytest.mark.parametrize(
    ("channel", "settings", "field"),
    [
        ("email", {"email_address": "nobody"}, "settings.email_address"),
        ("email", {}, "settings.email_address"),
        ("email", {"email": "a@example.org"}, "settings.email"),
        ("email", {"email_address": "a@example.org\r\nBcc: b@example.org"}, "settings.email_address"),
        ("webhook", {"url": "ftp://example.org"}, "settings.url"),
        ("webhook", {"url": "http://169.254.169.254/"}, "settings.url"),
        ("message", {}, "channel"),
        ("pigeon", {}, "channel"),
    ],
)
def test_what_a_channel_cannot_do_is_refused_when_it_is_saved(ana, channel, settings, field) -> None:
    with pytest.raises(InvalidInput) as caught:
        add_destination(ana, channel, settings)
    assert field in [error.field for error in caught.value.errors]
    assert not Destination.objects.exists()


def test_settings_that_are_no_object_are_refused(ana) -> None:
    from tocsin.channels.forms import clean_settings
    from tocsin.channels.memory import MemoryForm

    for wrong in ([], "x", None, 7):
        with pytest.raises(InvalidInput, match="must be an object"):
            clean_settings(MemoryForm, wrong)


def test_one_address_once_per_owner(ana, django_user_model) -> None:
    add_destination(ana, "email", {"email_address": "Team@Example.org"}, label="team")
    with pytest.raises(InvalidInput, match="already"):
        add_destination(ana, "email", {"email_address": "team@example.ORG"}, label="again")
    add_destination(
        django_user_model.objects.create_user("ben"), "email", {"email_address": "team@example.org"}
    )
    add_destination(Organization.objects.get(), "email", {"email_address": "team@example.org"})


def test_one_label_once_per_owner_and_channel(ana) -> None:
    add_destination(ana, "memory", {"name": "a"}, label="desk")
    with pytest.raises(InvalidInput, match="label"):
        add_destination(ana, "memory", {"name": "b"}, label="desk")


@pytest.mark.parametrize("label", ["x" * 101, "two\nlines"])
def test_a_label_that_is_none_is_refused(ana, label) -> None:
    with pytest.raises(InvalidInput, match="label"):
        add_destination(ana, "memory", {"name": "a"}, label=label)


def test_secrets_are_sealed_and_nowhere_else(ana) -> None:
    made = add_destination(ana, "webhook", {"url": "https://example.org/hook/t0ken", "secret": SECRET})
    made.refresh_from_db()
    everything = f"{made.settings} {made.label} {made.identity} {made!r} {made.secrets}"
    assert SECRET not in everything
    assert "t0ken" not in everything
    assert secrets.unseal(made.secrets)["secret"] == SECRET
