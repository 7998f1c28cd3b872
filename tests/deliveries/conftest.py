"""People and places for the tests of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.shares import Crowds
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def memory() -> Iterator[type[MemoryChannel]]:
    """The memory channel, empty before and after."""
    MemoryChannel.clear()
    yield MemoryChannel
    MemoryChannel.clear()


@pytest.fixture
def person(db: None, django_user_model: Any) -> Callable[..., Any]:
    """Makes a user, with a memory destination of the same name unless `at` says otherwise."""

    def make(name: str, at: str | None = "", **fields: Any) -> Any:
        user = django_user_model.objects.create_user(name, f"{name}@example.org", **fields)
        if at is not None:
            add_destination(user, "memory", {"name": at or name})
        return user

    return make


@pytest.fixture
def budgets(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets budgets, `__` for a dot; for a process that has claimed nothing yet.

    Memory destinations have a host here: what stands behind the @ of their name.
    """
    monkeypatch.setattr("tocsin.deliveries.claim._crowds", Crowds())
    monkeypatch.setattr(MemoryChannel, "host_of", lambda _, given: given.get("name", "").partition("@")[2])

    def put(**given: dict[str, float]) -> None:
        keys = {key.replace("__", "."): one for key, one in given.items()}
        settings.TOCSIN = settings.TOCSIN | {"BUDGETS": keys}

    return put


@pytest.fixture
def flood(db: None) -> Callable[..., None]:
    """Plans so many messages to a memory destination of an organization; both are made where they are missing."""

    def send(number: int, name: str = "box", organization: str = "default", **fields: Any) -> None:
        owner, _ = Organization.objects.get_or_create(slug=organization)
        known = Destination.objects.filter(organization=owner, channel="memory", label=name).first()
        place = known or add_destination(owner, "memory", {"name": name}, label=name)
        drafts = [
            [pipeline.parse({"type": "message:internal", "title": f"{name} {index}", "organization": organization,
                             "to": [f"destination:{place.pk}"], **fields})]
            for index in range(number)
        ]  # fmt: skip
        pipeline.accept_group(drafts)
        while pipeline.run("plan", 200):
            pass

    return send
