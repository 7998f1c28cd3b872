"""People with roles, signed in at the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

import tocsin
from tocsin.tenants.models import Membership, Organization
from tocsin.testing import deliver_now

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def acme(db: None) -> Organization:
    return Organization.objects.create(slug="acme", name="Acme")


@pytest.fixture
def globex(db: None) -> Organization:
    return Organization.objects.create(slug="globex", name="Globex")


@pytest.fixture
def person(db: None, django_user_model: Any) -> Callable[..., Any]:
    """Makes a user; `person("ana", acme="owner")` gives them a role."""

    def make(name: str, **roles: str) -> Any:
        fields = {key: roles.pop(key) for key in ("is_superuser", "is_staff", "is_active") if key in roles}
        user = django_user_model.objects.create_user(name, f"{name}@example.org", **fields)
        for slug, role in roles.items():
            Membership.objects.create(user=user, organization=Organization.objects.get(slug=slug), role=role)
        return user

    return make


@pytest.fixture
def ana(person: Callable[..., Any]) -> Any:
    return person("ana")


@pytest.fixture
def ben(person: Callable[..., Any]) -> Any:
    return person("ben")


@pytest.fixture
def browse() -> Callable[[Any], Client]:
    """A client in which this user is signed in, and which insists on CSRF tokens."""

    def make(user: Any = None, *, strict: bool = False) -> Client:
        client = Client(enforce_csrf_checks=strict)
        if user is not None:
            client.force_login(user)
        return client

    return make


@pytest.fixture
def tell() -> Callable[..., str]:
    """Sends an event and delivers it; its id."""

    def send(to: Any, title: str = "News", **fields: Any) -> str:
        named = [to if isinstance(to, str) else f"user:{to.pk}"]
        fields.setdefault("channel", "message")
        accepted = tocsin.notify(fields.pop("type", "message:system"), title=title, to=named, **fields)
        deliver_now()
        return str(accepted.id)

    return send
