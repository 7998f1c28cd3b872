"""People and places for the tests of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tocsin.channels.memory import MemoryChannel
from tocsin.recipients.destinations import add_destination

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
