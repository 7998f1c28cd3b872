"""Somebody who keeps the ledger of acme, and deliveries that were given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tocsin import clock
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client


@pytest.fixture
def ana(acme: Any, person: Any) -> Any:
    return person("ana", acme="owner")


@pytest.fixture
def client(browse: Any, ana: Any) -> Client:
    return browse(ana)


@pytest.fixture
def read(client: Client) -> Callable[..., str]:
    """What a page says; its status must be this one."""

    def get(url: str, status: int = 200, **query: str) -> str:
        answer = client.get(url, query)
        assert answer.status_code == status
        return answer.content.decode()

    return get


@pytest.fixture
def give_up(acme: Any, tell: Any) -> Callable[..., Delivery]:
    """Sends an e-mail and gives it up; its delivery."""

    def make(title: str = "Refused", address: str = "x@example.org", **fields: Any) -> Delivery:
        event = tell(f"email:{address}", title, channel="email", **{"organization": "acme"} | fields)
        rows = Delivery.objects.filter(event=event)
        rows.update(state=State.DEAD, reason="rejected", finished_at=clock.now())
        return rows.get()

    return make
