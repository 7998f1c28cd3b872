"""People with inboxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import tocsin
from tocsin.testing import deliver_now

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def ana(db: None, django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("ana", "ana@example.org")


@pytest.fixture
def ben(db: None, django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("ben", "ben@example.org")


@pytest.fixture
def told() -> Callable[..., None]:
    """Tells a user something in-app, and delivers it."""

    def tell(user: Any, *titles: str, channel: str = "message", **fields: Any) -> None:
        for title in titles:
            tocsin.notify("message:system", title=title, to=[f"user:{user.pk}"], channel=channel, **fields)
            deliver_now()

    return tell
