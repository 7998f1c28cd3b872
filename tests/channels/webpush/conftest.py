"""A push service on the loopback, and a browser that is subscribed at it under today's key."""

from __future__ import annotations

import pytest

from tests.channels.webpush.given import PRIVATE, PUBLIC
from tests.servers.push_service import PushService


@pytest.fixture
def service(settings):
    with PushService() as service:
        settings.TOCSIN = {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "BASE_URL": "https://tocsin.example",
            "WEBPUSH_KEYS": [PRIVATE],
        }
        yield service
        assert service.refused == []


@pytest.fixture
def browser(service):
    return service.make_subscription(PUBLIC)
