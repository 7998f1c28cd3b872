"""Organizations, people and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tocsin.channels.memory import MemoryChannel
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.tenants.models import Membership, Organization, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def memory() -> Iterator[type[MemoryChannel]]:
    """The memory channel, empty before and after."""
    MemoryChannel.clear()
    yield MemoryChannel
    MemoryChannel.clear()


@pytest.fixture
def acme(db: None) -> Organization:
    return Organization.objects.create(slug="acme")


@pytest.fixture
def other(db: None) -> Organization:
    return Organization.objects.create(slug="other")


@pytest.fixture
def member(django_user_model: Any) -> Callable[..., Any]:
    """Makes a user of an organization, with a memory destination of the same name."""

    def make(name: str, organization: Organization, role: str = Role.MEMBER) -> Any:
        user = django_user_model.objects.create_user(name, f"{name}@example.org")
        Membership.objects.create(user=user, organization=organization, role=role)
        add_destination(user, "memory", {"name": name})
        return user

    return make


@pytest.fixture
def rule(acme: Organization) -> Callable[..., Any]:
    """Saves a rule of acme, or of one of its people."""

    def make(owner: Any = None, **given: Any) -> Any:
        given = {"name": f"rule {len(given)}", "event_types": ["*"]} | given
        if owner is None and not given.keys() & {"to", "destinations", "service"}:
            given["to"] = ["user:ana"]
        place = Place(acme.pk, owner.pk if owner else None)
        return save.save(given, place, by="user root")

    return make
