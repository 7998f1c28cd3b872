"""The ASGI callable on the tests' own host, and callers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.conftest import _no_remembered_tokens, bearer, organization, signed_in  # noqa: F401 (fixtures)
from tests.servers.asgi_server import AsgiServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(transactional_db: None) -> Iterator[AsgiServer]:
    from tocsin.server.router import Application

    with AsgiServer(Application()) as running:
        yield running
