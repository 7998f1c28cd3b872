"""Keys change: what was sealed with an old one is sealed anew, and the old one can go."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

import tocsin
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.rotation import rotate
from tocsin.recipients import secrets
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def keys(settings):
    def use(*keys: str) -> None:
        settings.TOCSIN = settings.TOCSIN | {"SECRET_KEYS": list(keys)}

    use(OLD)
    return use


@pytest.fixture
def sealed(keys, person):
    """A destination with a secret, and a delivery to a bare address."""
    add_destination(person("ana"), "webhook", {"url": "https://example.org/hook/t0ken"})
    tocsin.notify("message:internal", title="x", to=["memory:desk"], channel="memory")
    deliver_now()


def test_after_rotation_the_old_key_is_needed_no_more(keys, sealed) -> None:
    keys(NEW, OLD)
    done = rotate()
    assert (done.seen, done.resealed, done.unreadable) == (2, 2, [])
    keys(NEW)
    assert secrets.unseal(Destination.objects.get(channel="webhook").secrets)["url"].endswith("t0ken")
    assert secrets.unseal(Delivery.objects.get().address) == {"name": "desk"}


def test_a_second_run_finds_nothing_to_do(keys, sealed) -> None:
    keys(NEW, OLD)
    rotate()
    before = Destination.objects.get(channel="webhook").secrets
    assert rotate().resealed == 0
    assert Destination.objects.get(channel="webhook").secrets == before


def test_what_no_key_opens_is_named_and_left_as_it_is(keys, sealed) -> None:
    row = Destination.objects.get(channel="webhook")
    keys(NEW)
    done = rotate()
    assert done.unreadable == [f"destination {row.pk}", f"d{Delivery.objects.get().pk}"]
    assert (done.resealed, Destination.objects.get(pk=row.pk).secrets) == (0, row.secrets)


def test_identities_do_not_change(keys, sealed) -> None:
    before = Destination.objects.get(channel="webhook").identity
    keys(NEW, OLD)
    rotate()
    assert Destination.objects.get(channel="webhook").identity == before


def test_what_is_saved_in_the_meantime_is_not_overwritten(keys, sealed, monkeypatch) -> None:
    keys(NEW, OLD)
    fresh = secrets.seal({"url": "https://example.org/fresh"})
    reseal = secrets.reseal

    def slowly(text: str) -> str:
        Destination.objects.filter(channel="webhook").update(secrets=fresh)
        return reseal(text)

    monkeypatch.setattr(secrets, "reseal", slowly)
    rotate()
    assert Destination.objects.get(channel="webhook").secrets == fresh
