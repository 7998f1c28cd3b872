"""Somebody at the desk of Acme, and the addresses of its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tocsin.tenants.models import Organization


@pytest.fixture
def ana(acme: Organization, person: Callable[..., Any]) -> Any:
    """An owner of Acme."""
    return person("ana", acme="owner")


@pytest.fixture
def desk(ana: Any, browse: Callable[..., Client]) -> Client:
    """Ana's browser."""
    return browse(ana)


@pytest.fixture
def at() -> Callable[..., str]:
    """The address of a page at Acme's desk, or another's."""

    def address(name: str, *args: Any, of: str = "acme") -> str:
        return reverse(f"tocsin:desk-{name}", args=[of, *args])

    return address
